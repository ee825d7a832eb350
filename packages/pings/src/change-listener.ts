import type { Clock, Instant, Milliseconds, Timer } from '@overdue/clock';
import type { Database } from '@overdue/database';
import { lookUpPatience } from './budget.ts';
import type { Hearing } from './intake.ts';

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
  /** PING_DB_TIMEOUT_MS: bounds {@link Hearing.whenHeard} as it does look-ups. See budget.ts. */
  readonly timeoutMs: Milliseconds;
}

/** An echo of our own must come back within this time, in milliseconds. */
const ECHO_EVERY_MS = 3000;
const ECHO_TIMEOUT_MS = 6000;
const RETRY_MS = 500;

/** Who waits for one echo. */
interface Asked {
  readonly echo: string;
  readonly waiting: (() => void)[];
  readonly timer: Timer;
}

/**
 * LISTEN, for as long as the process lives. A connection can go silent without an error, and then changes would be
 * missed for ever; so every few seconds it sends itself a notification, and is made anew when that does not arrive.
 *
 * Notifications come in the order in which they were committed. So when one of our own comes back, all changes have been
 * told that were committed before it was sent.
 */
export class ChangeListener implements Hearing {
  readonly #options: ChangeListenerOptions;
  readonly #stopping = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #heardAt: Instant = 0;
  /** Sends us a notification; null: nothing is heard at present. */
  #send: ((echo: string) => Promise<unknown>) | null = null;
  #echoes = 0;
  /** The echo that is under way. */
  #asked: Asked | null = null;
  /** Who waits for the next. */
  #next: (() => void)[] = [];

  constructor(options: ChangeListenerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    this.#send = null;
    if (this.#asked) this.#answer(this.#asked);
  }

  whenHeard(done: () => void): boolean {
    if (this.#send === null) return this.whenHeardTheLast(done);
    this.#next.push(done);
    if (this.#asked === null) this.#ask(this.#send);
    return true;
  }

  whenHeardTheLast(done: () => void): boolean {
    const last = this.#next.length > 0 ? this.#next : this.#asked?.waiting;
    last?.push(done);
    return last !== undefined;
  }

  #ask(send: (echo: string) => Promise<unknown>): void {
    const echo = String(++this.#echoes);
    const waiting = this.#next;
    this.#next = [];
    const giveUp = () => {
      // Until it is heard from again.
      if (this.#asked === asked) this.#send = null;
      this.#answer(asked);
    };
    const { clock, timeoutMs } = this.#options;
    const asked: Asked = { echo, waiting, timer: clock.after(lookUpPatience(timeoutMs), giveUp) };
    this.#asked = asked;
    send(echo).catch(giveUp);
  }

  #answer(asked: Asked): void {
    if (this.#asked !== asked) return;
    asked.timer.cancel();
    this.#asked = null;
    const last = this.#send === null ? this.#next.splice(0) : [];
    for (const done of [...asked.waiting, ...last]) done();
    if (this.#send !== null && this.#asked === null && this.#next.length > 0) this.#ask(this.#send);
  }

  async #run(): Promise<void> {
    const { clock, open } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const database = open();
      const silent = this.#listen(database).catch(() => {});
      await Promise.race([silent, clock.sleep(2 ** 31 - 1, signal)]);
      this.#send = null;
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
    const send = (heard: string) => sql.notify(echo, heard);
    const listening = Promise.all([
      sql.listen('check_changed', changes.check),
      sql.listen('project_changed', () => changes.project()),
      sql.listen('check_pinged', (payload) => changes.pinged(payload === '*' ? null : payload.split(',').map(Number))),
      sql.listen(VOUCH_CHANNEL, () => changes.asked()),
      // Also after each time that the driver opened the connection again by itself.
      sql.listen(
        echo,
        (heard) => {
          this.#heardAt = clock.monotonic();
          this.#send = send;
          if (this.#asked?.echo === heard) this.#answer(this.#asked);
        },
        () => {
          changes.reset();
          this.#send = send;
        },
      ),
    ]);
    listening.catch(() => {});
    while (!signal.aborted && clock.monotonic() - this.#heardAt < ECHO_TIMEOUT_MS) {
      send('').catch(() => {});
      await clock.sleep(ECHO_EVERY_MS, signal);
    }
  }
}
