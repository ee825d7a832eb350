import type { Clock, Milliseconds } from '@overdue/clock';
import type { Database, Sql } from '@overdue/database';

/** Connections are thrown away at most this often. */
const LEAST_PAUSE: Milliseconds = 10_000;

/**
 * A pool that can be thrown away while it is in use: for connections that stay silent because the host at the other end,
 * or something on the way to it, is gone without a word. What waits on them fails, and the next statement uses others.
 */
export class ReplaceablePool {
  readonly #open: () => Database;
  readonly #clock: Clock;
  #database: Database;
  #replacedAt = Number.NEGATIVE_INFINITY;

  constructor(options: { open: () => Database; clock: Clock }) {
    this.#open = options.open;
    this.#clock = options.clock;
    this.#database = options.open();
  }

  get sql(): Sql {
    return this.#database.sql;
  }

  /** True when it was done; false: it was done a moment ago. */
  replace(): boolean {
    const now = this.#clock.monotonic();
    if (now - this.#replacedAt < LEAST_PAUSE) return false;
    this.#replacedAt = now;
    const old = this.#database;
    this.#database = this.#open();
    void old.close(0).catch(() => undefined);
    return true;
  }

  async close(): Promise<void> {
    await this.#database.close();
  }
}
