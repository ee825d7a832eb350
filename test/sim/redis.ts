import type { Milliseconds, VirtualClock } from '@overdue/clock';
import type { Hint, Hints } from '@overdue/queue';
import type { SimProcess } from './process.ts';
import type { Random } from './random.ts';

type Mode = 'well' | 'away' | 'silent' | 'full';

/**
 * Stands in for BullMQ on Redis, which cannot run on a virtual clock (Redis is another program, with a time of its own).
 * It does to hints whatever Redis and BullMQ may: even in good times some get lost, come twice, or late, and to a worker
 * that is dead by then; and it may be away, hang, be full, or forget everything.
 */
export class SimRedis {
  mode: Mode = 'well';
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #trace: (who: string, what: string) => void;
  readonly #workers = new Map<SimProcess, (ids: readonly number[]) => Promise<void>>();
  /** Hints that are on their way; forgotten ones are not among them any more. */
  #waiting = new Set<Hint>();

  constructor(clock: VirtualClock, random: Random, trace: (who: string, what: string) => void) {
    this.#clock = clock;
    this.#random = random;
    this.#trace = trace;
  }

  flush(): void {
    this.#waiting.clear();
  }

  /** What one process sees of it. */
  connect(process: SimProcess): Hints {
    return {
      start: async (take) => {
        this.#workers.set(process, take);
      },
      away: () => (this.mode === 'away' ? 'away' : undefined),
      waiting: () => this.#answer(() => this.#waiting.size),
      add: (hints) =>
        this.#answer(() => {
          for (const hint of hints) this.#add(hint);
        }),
      reset: () => undefined,
      stopTaking: async () => this.#workers.delete(process),
      close: async () => undefined,
    };
  }

  async #answer<T>(what: () => T): Promise<T> {
    if (this.mode === 'away') throw new Error('Connection is closed.');
    if (this.mode === 'silent') return await new Promise<never>(() => undefined);
    if (this.mode === 'full') throw new Error('OOM command not allowed');
    return what();
  }

  #add(hint: Hint): void {
    const fate = this.#random.next();
    if (fate < 0.1) {
      this.#trace('redis', `loses ${hint.name}`);
      return;
    }
    this.#waiting.add(hint);
    this.#send(hint, fate < 0.3 ? this.#random.int(1000, 9000) : this.#random.int(0, 50));
    if (fate > 0.85) this.#send(hint, this.#random.int(0, 9000));
  }

  #send(hint: Hint, after: Milliseconds): void {
    this.#clock.after(after, () => {
      const forgotten = !this.#waiting.has(hint);
      const alive = [...this.#workers.keys()].filter((process) => process.alive);
      for (const process of this.#workers.keys()) if (!process.alive) this.#workers.delete(process);
      if (forgotten || alive.length === 0 || this.mode !== 'well') return;
      const process = this.#random.pick(alive);
      this.#trace('redis', `gives ${hint.name} to ${process.name}`);
      // A frozen one takes it when it moves again.
      process.clock.after(0, () => {
        this.#workers
          .get(process)?.(hint.ids)
          .then(
            () => this.#waiting.delete(hint),
            () => undefined,
          );
      });
    });
  }
}
