import type { Clock } from '@overdue/clock';
import { type Database, isConnectionError, type ReservedSql } from '@overdue/database';
import { type Applied, type ApplyOptions, applyBatch } from './apply-batch.ts';
import type { Ping } from './ping.ts';
import { Deadline, TimedOutError } from './within.ts';

/** Bodies get some time more: a message of 32 MiB is not done in two seconds on a small machine. */
const BYTES_PER_MS = 10_000;

/**
 * One connection for batches, made when needed and thrown away on any error: whatever went wrong on it, the next batch
 * begins on a clean one.
 */
export class BatchConnection {
  readonly #open: () => Database;
  #database: Database | null = null;
  #reserved: Promise<ReservedSql> | null = null;
  /** Of what is under way. */
  #deadline: Deadline | null = null;

  constructor(open: () => Database) {
    this.#open = open;
  }

  /**
   * A connection that broke is replaced once (a numbered batch may be sent again): it may have been idle for long.
   * @throws what {@link applyBatch} throws, and {@link TimedOutError}
   */
  apply(pings: readonly Ping[], options: ApplyOptions, clock: Clock, timeoutMs: number): Promise<Applied> {
    let bytes = 0;
    for (const { body } of pings) if (body) bytes += body.length;
    return this.run((sql) => applyBatch(sql, pings, options), clock, timeoutMs + bytes / BYTES_PER_MS);
  }

  /** @param use may be called twice */
  async run<T>(use: (sql: ReservedSql) => Promise<T>, clock: Clock, timeoutMs: number): Promise<T> {
    const deadline = new Deadline(clock, timeoutMs);
    this.#deadline = deadline;
    const attempt = () => deadline.wait(this.#connected().then(use));
    try {
      const wasOpen = this.#reserved !== null;
      try {
        return await attempt();
      } catch (error) {
        if (!wasOpen || error instanceof TimedOutError || !isConnectionError(error)) throw error;
        void this.discard(0);
        return await attempt();
      }
    } catch (error) {
      void this.discard(0);
      throw error;
    }
  }

  /** What is under way has at most so many milliseconds left. */
  hurry(milliseconds: number): void {
    this.#deadline?.bringForward(milliseconds);
  }

  #connected(): Promise<ReservedSql> {
    this.#database ??= this.#open();
    this.#reserved ??= this.#database.sql.reserve() as Promise<ReservedSql>;
    return this.#reserved;
  }

  /** @param timeout seconds that running queries are given */
  async discard(timeout: number): Promise<void> {
    const database = this.#database;
    this.#database = null;
    this.#reserved?.catch(() => {});
    this.#reserved = null;
    await database?.close(timeout).catch(() => {});
  }
}

/** Whether to spool and try again later, rather than look for the ping that PostgreSQL refuses. */
export function meansAway(error: unknown): boolean {
  if (error instanceof TimedOutError || isConnectionError(error)) return true;
  const code = (error as { code?: unknown } | null)?.code;
  // Of the data: 22 a value, 23 a constraint. Everything else may pass, and more is taken for that than by mayPass of
  // @overdue/database: an unknown error must not throw away a ping, which the spool can keep.
  if (typeof code !== 'string') return true;
  return !/^(22|23)/.test(code);
}
