import type { Clock } from '@overdue/clock';
import { isConnectionError } from '@overdue/database';
import type { Finish, Outbox } from './outbox.ts';
import type { QueueLogger } from './types.ts';

interface Pending {
  readonly finish: Finish;
  readonly resolve: (written: boolean) => void;
}

const MOST_AT_ONCE = 500;

/**
 * Writes outcomes in groups: whatever ended while the previous write was under way goes in the next one. When the
 * database is away it keeps them and tries again, because what was sent must not be forgotten.
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

  /** Resolves when written: true, or false when the row was no longer this worker's. */
  record(finish: Finish): Promise<boolean> {
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
      const written = await this.#untilWritten(group.map((p) => p.finish));
      for (const p of group) p.resolve(written.has(p.finish.id));
    }
  }

  async #untilWritten(finishes: Finish[]): Promise<Set<number>> {
    for (let wait = 50; ; wait = Math.min(1000, wait * 2)) {
      try {
        return await this.#outbox.finish(finishes);
      } catch (err) {
        if (isConnectionError(err) && !this.#closed) {
          this.#logger.warn({ err, count: finishes.length }, 'Outcomes of deliveries cannot be written; trying again');
          await this.#clock.sleep(wait);
        } else if (finishes.length > 1 && !this.#closed) {
          // One of them cannot be written; the others can.
          const written = new Set<number>();
          for (const finish of finishes) for (const id of await this.#untilWritten([finish])) written.add(id);
          return written;
        } else {
          this.#logger.error({ err, notification: finishes[0]!.id }, 'The outcome of a delivery could not be written');
          return new Set();
        }
      }
    }
  }
}
