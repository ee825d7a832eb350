import type { Clock, Instant } from '@overdue/clock';
import type { Database } from '@overdue/database';

export interface Changes {
  /** Notifications may have been missed: nothing that is remembered is certain. */
  reset(): void;
  /** A check was made, edited, paused, … */
  check(code: string): void;
  /** A project's ping key, log limit or owner changed. */
  project(): void;
  /** Another ingester applied informative pings to these checks; null: to any. */
  pinged(checkIds: readonly number[] | null): void;
  /** Another ingester waits for what this one vouches for. */
  asked(): void;
}

/** NOTIFY channel: see {@link Changes.asked}. */
export const VOUCH_CHANNEL = 'vouch';

export interface ChangeListenerOptions {
  readonly clock: Clock;
  /** A pool of its own; opened anew when it falls silent. */
  readonly open: () => Database;
  readonly changes: Changes;
}

/** An echo of our own must come back within this time, in milliseconds. */
const ECHO_EVERY_MS = 3000;
const ECHO_TIMEOUT_MS = 6000;
const RETRY_MS = 500;

/**
 * LISTEN, for as long as the process lives. A connection can go silent without an error, and then changes would be
 * missed for ever; so every few seconds it sends itself a notification, and is made anew when that does not arrive.
 */
export class ChangeListener {
  readonly #options: ChangeListenerOptions;
  readonly #stopping = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #heardAt: Instant = 0;

  constructor(options: ChangeListenerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { clock, open } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const database = open();
      const silent = this.#listen(database).catch(() => {});
      await Promise.race([silent, clock.sleep(2 ** 31 - 1, signal)]);
      await database.close(0).catch(() => {});
      if (!signal.aborted) await clock.sleep(RETRY_MS, signal);
    }
  }

  /** Returns when the connection is silent. @throws when it cannot be opened */
  async #listen({ sql }: Database): Promise<void> {
    const { clock, changes } = this.#options;
    const { signal } = this.#stopping;
    const echo = `overdue_echo_${process.pid}_${Math.random().toString(36).slice(2)}`;
    this.#heardAt = clock.monotonic();
    const listening = Promise.all([
      sql.listen('check_changed', changes.check),
      sql.listen('project_changed', () => changes.project()),
      sql.listen('check_pinged', (payload) => changes.pinged(payload === '*' ? null : payload.split(',').map(Number))),
      sql.listen(VOUCH_CHANNEL, () => changes.asked()),
      // Also after each time that the driver opened the connection again by itself.
      sql.listen(
        echo,
        () => {
          this.#heardAt = clock.monotonic();
        },
        () => changes.reset(),
      ),
    ]);
    listening.catch(() => {});
    while (!signal.aborted && clock.monotonic() - this.#heardAt < ECHO_TIMEOUT_MS) {
      const sent = sql.notify(echo, '').then(() => true);
      sent.catch(() => {});
      await clock.sleep(ECHO_EVERY_MS, signal);
    }
  }
}
