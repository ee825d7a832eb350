import type { Clock } from '@overdue/clock';
import { type Database, isConnectionError } from '@overdue/database';
import { TimedOutError, within } from './within.ts';

/**
 * A pool for the small questions (look-ups, watermarks), each answered in time or not at all. A connection to a host
 * that is gone without a word never fails, it only stays silent; so after a timeout the whole pool is thrown away and
 * the next question opens another.
 */
export class PatientPool {
  readonly #clock: Clock;
  readonly #open: () => Database;
  readonly #timeoutMs: number;
  #database: Database | null = null;

  constructor(options: { clock: Clock; open: () => Database; timeoutMs: number }) {
    this.#clock = options.clock;
    this.#open = options.open;
    this.#timeoutMs = options.timeoutMs;
  }

  /** @throws {TimedOutError}, or what `use` throws */
  async run<T>(use: (database: Database) => Promise<T>): Promise<T> {
    this.#database ??= this.#open();
    const database = this.#database;
    try {
      return await within(this.#clock, this.#timeoutMs, use(database));
    } catch (error) {
      if ((error instanceof TimedOutError || isConnectionError(error)) && this.#database === database) {
        this.#database = null;
        void database.close(0).catch(() => {});
      }
      throw error;
    }
  }

  async close(): Promise<void> {
    const database = this.#database;
    this.#database = null;
    await database?.close(1).catch(() => {});
  }
}
