import type { Clock, Instant, Milliseconds } from '@overdue/clock';

/**
 * Keeps one bad destination from slowing the others: a bound on what may be under way to each, and a circuit breaker.
 *
 *   closed     up to `perDestination` at once; each failure in a row halves that
 *   open       after `failuresToOpen` failures in a row: nothing goes, for 5 s, then 10 s, … at most 5 min
 *   half open  when that time is over: one message goes; success closes, failure opens again for longer
 *
 * Only failures of the destination as a whole count (no connection, time-out, 502 to 504), never what it answers to one
 * message.
 */
export interface GateOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Messages under way to one destination at most. Default 24. */
  readonly perDestination?: number;
  /** Failures in a row that open the breaker. Default 5. */
  readonly failuresToOpen?: number;
}

const FIRST_OPEN: Milliseconds = 5000;
const LONGEST_OPEN: Milliseconds = 300_000;

interface Destination {
  active: number;
  failures: number;
  /** Times it opened in a row. */
  opened: number;
  /** Monotonic; null: closed. Past: half open. */
  openUntil: Instant | null;
  lastError: string;
}

export type Entry =
  | { readonly kind: 'go' }
  /** Too many under way: try when one of them has ended. */
  | { readonly kind: 'full' }
  | { readonly kind: 'open'; readonly waitFor: Milliseconds; readonly lastError: string };

export class Gate {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #perDestination: number;
  readonly #failuresToOpen: number;
  readonly #destinations = new Map<string, Destination>();

  constructor(options: GateOptions) {
    this.#clock = options.clock;
    this.#perDestination = options.perDestination ?? 24;
    this.#failuresToOpen = options.failuresToOpen ?? 5;
  }

  /** Asks to send to `name`; after `go`, call {@link leave} exactly once. */
  enter(name: string): Entry {
    let d = this.#destinations.get(name);
    if (!d) {
      d = { active: 0, failures: 0, opened: 0, openUntil: null, lastError: '' };
      this.#destinations.set(name, d);
    }
    if (d.openUntil !== null) {
      const waitFor = d.openUntil - this.#clock.monotonic();
      if (waitFor > 0) return { kind: 'open', waitFor, lastError: d.lastError };
      // While the one that probes is under way, the rest wait.
      if (d.active > 0) return { kind: 'open', waitFor: 1000, lastError: d.lastError };
    } else if (d.active >= Math.max(1, this.#perDestination >> d.failures)) {
      return { kind: 'full' };
    }
    d.active++;
    return { kind: 'go' };
  }

  /**
   * Reports how it ended. `unreachable`: the error text, or null when the destination answered.
   * @returns what changed: `opened` for so long, `recovered` (it answers again after failures), or nothing
   */
  leave(name: string, unreachable: string | null): { opened: Milliseconds } | 'recovered' | undefined {
    const d = this.#destinations.get(name);
    if (!d) return undefined;
    d.active--;
    if (unreachable === null) {
      const failed = d.failures > 0;
      d.failures = 0;
      d.opened = 0;
      d.openUntil = null;
      if (d.active === 0) this.#destinations.delete(name);
      return failed ? 'recovered' : undefined;
    }
    d.failures++;
    d.lastError = unreachable;
    if (d.failures < this.#failuresToOpen) return undefined;
    const now = this.#clock.monotonic();
    // Those that were under way when it opened say nothing new.
    if (d.openUntil !== null && d.openUntil > now) return undefined;
    const opened = Math.min(LONGEST_OPEN, FIRST_OPEN * 2 ** d.opened++);
    d.openUntil = now + opened;
    return { opened };
  }

  /** Gives back a `go` that was not used. */
  cancel(name: string): void {
    const d = this.#destinations.get(name);
    if (!d) return;
    d.active--;
    if (d.active === 0 && d.failures === 0) this.#destinations.delete(name);
  }

  /** Destinations that take nothing now: they are being left alone, or one message is finding out whether they answer. */
  open(): string[] {
    const now = this.#clock.monotonic();
    return [...this.#destinations]
      .filter(([, d]) => d.openUntil !== null && (d.openUntil > now || d.active > 0))
      .map(([name]) => name);
  }
}
