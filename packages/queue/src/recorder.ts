import type { Clock } from '@overdue/clock';
import { mayPass } from '@overdue/database';
import type { Finish } from './finish.ts';
import type { Outbox } from './outbox.ts';
import type { QueueLogger } from './types.ts';

/**
 * What became of an outcome: written; `lost`, because the row was no longer this worker's; or `unwritten`: its lease
 * ends, and somebody sends the message again.
 */
export type Recorded = 'written' | 'lost' | 'unwritten';

interface Pending {
  readonly finish: Finish;
  readonly resolve: (recorded: Recorded) => void;
}

const MOST_AT_ONCE = 500;

/**
 * Writes outcomes in groups: whatever ended while the previous write was under way goes in the next one. While
 * the database is away, or refuses for a reason that may pass, it keeps them and tries again, because what was sent must
 * not be forgotten.
 */
export class Recorder {
  readonly #outbox: Outbox;
  readonly #clock: Clock;
  readonly #logger: QueueLogger;
  #pending: Pending[] = [];
  #writing: Promise<void> | undefined;
  #closed = false;

  constructor(options: { outbox: Outbox; clock: Clock; logger: QueueLogger }) {
    this.#outbox = options.outbox;
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  /** Resolves when that is settled. */
  record(finish: Finish): Promise<Recorded> {
    return new Promise((resolve) => {
      this.#pending.push({ finish, resolve });
      this.#writing ??= this.#write().finally(() => {
        this.#writing = undefined;
      });
    });
  }

  /** From now on what cannot be written is given up: the lease ends, and somebody else sends it again. */
  close(): void {
    this.#closed = true;
  }

  async #write(): Promise<void> {
    // Lets everything that ends in this turn of the event loop join the first group.
    await Promise.resolve();
    while (this.#pending.length > 0) {
      const group = this.#pending.slice(0, MOST_AT_ONCE);
      this.#pending = this.#pending.slice(MOST_AT_ONCE);
      const results = await this.#untilWritten(group.map((p) => p.finish));
      for (const [i, p] of group.entries()) p.resolve(results[i]!);
    }
  }

  async #untilWritten(finishes: readonly Finish[]): Promise<Recorded[]> {
    for (let wait = 50; ; wait = Math.min(1000, wait * 2)) {
      try {
        const written = await this.#outbox.finish(finishes);
        return finishes.map(({ id }) => (written.has(id) ? 'written' : 'lost'));
      } catch (err) {
        if (mayPass(err) && !this.#closed) {
          this.#logger.warn({ err, count: finishes.length }, 'Outcomes of deliveries cannot be written; trying again');
          await this.#clock.sleep(wait);
        } else if (finishes.length > 1 && !this.#closed) {
          // One of them cannot be written; the others can.
          const results: Recorded[] = [];
          for (const finish of finishes) results.push(...(await this.#untilWritten([finish])));
          return results;
        } else {
          const notifications = finishes.map(({ id }) => id);
          this.#logger.error({ err, notifications }, 'Outcomes of deliveries could not be written');
          return finishes.map(() => 'unwritten');
        }
      }
    }
  }
}
