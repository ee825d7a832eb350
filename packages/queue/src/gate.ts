import type { Clock, Instant, Milliseconds } from '@overdue/clock';
import type { Route } from './types.ts';

export interface GateOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Messages under way to one destination at most. Default 24. */
  readonly perDestination?: number;
  /** Failures in a row that open the breaker. Default 5. */
  readonly failuresToOpen?: number;
}

const FIRST_OPEN: Milliseconds = 5000;
const LONGEST_OPEN: Milliseconds = 300_000;
/** When so many routes have failed since the last answer, nobody else finds out for himself. */
const ROUTES_TO_BE_SURE = 10;

interface Destination {
  active: number;
  failures: number;
  /** Routes of these failures. */
  failed: Set<Route>;
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

/** Those that failed, or all of the destination. */
type Concerned = readonly Route[] | 'all';

export type Change =
  /** `routes` are left alone for so long. */
  | { readonly kind: 'opened'; readonly for: Milliseconds; readonly routes: Concerned }
  /** It was open and answers again; `routes` were left alone. */
  | { readonly kind: 'recovered'; readonly routes: Concerned };

/**
 * Keeps one bad destination from slowing the others: a bound on what may be under way to each, and a circuit breaker.
 *
 *   closed     up to `perDestination` at once; each failure in a row halves that
 *   open       after `failuresToOpen` failures in a row: what failed is left alone, for 5 s, then 10 s, … at most 5 min
 *   half open  when that time is over: one message goes; success closes, failure opens again for longer
 *
 * Only failures of the destination as a whole count (no connection, time-out, 502 to 504), never what it answers to one
 * message. One address of it may fail in the same way by itself: so while it is open, each route that has not failed
 * may find out for itself, one message at a time, until so many have failed that it must be the destination.
 */
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
  enter(name: string, route: Route): Entry {
    let d = this.#destinations.get(name);
    if (!d) {
      d = { active: 0, failures: 0, failed: new Set(), opened: 0, openUntil: null, lastError: '' };
      this.#destinations.set(name, d);
    }
    if (d.openUntil !== null) {
      const waitFor = this.#waitFor(d, route);
      if (waitFor > 0) return { kind: 'open', waitFor, lastError: d.lastError };
    } else if (d.active >= Math.max(1, this.#perDestination >> d.failures)) {
      return { kind: 'full' };
    }
    d.active++;
    return { kind: 'go' };
  }

  /**
   * Reports how it ended. `unreachable`: the error text, or null when the destination answered.
   * @returns what changed, if anything
   */
  leave(name: string, route: Route, unreachable: string | null): Change | undefined {
    const d = this.#destinations.get(name);
    if (!d) return undefined;
    d.active--;
    const now = this.#clock.monotonic();
    if (unreachable === null) {
      // An answer in the midst of it, on a route that never failed, says that the others fail by themselves.
      const recovered = d.openUntil !== null && (d.openUntil <= now || d.failed.has(route));
      const routes = concerned(d);
      if (d.active === 0) this.#destinations.delete(name);
      else Object.assign(d, { failures: 0, failed: new Set(), opened: 0, openUntil: null });
      return recovered ? { kind: 'recovered', routes } : undefined;
    }
    d.failures++;
    d.failed.add(route);
    d.lastError = unreachable;
    if (d.failures < this.#failuresToOpen) return undefined;
    // Those that were under way when it opened say nothing new.
    if (d.openUntil !== null && d.openUntil > now) return undefined;
    const opened = Math.min(LONGEST_OPEN, FIRST_OPEN * 2 ** d.opened++);
    d.openUntil = now + opened;
    return { kind: 'opened', for: opened, routes: concerned(d) };
  }

  /** Gives back a `go` that was not used. */
  cancel(name: string): void {
    const d = this.#destinations.get(name);
    if (!d) return;
    d.active--;
    if (d.active === 0 && d.failures === 0) this.#destinations.delete(name);
  }

  /** Which of `routes` to `name` have to wait now: they failed and are left alone, or another finds out whether it answers. */
  waiting(name: string, routes: Iterable<Route>): Route[] {
    const d = this.#destinations.get(name);
    if (!d || d.openUntil === null) return [];
    return [...routes].filter((route) => this.#waitFor(d, route) > 0);
  }

  /** Destinations that are open, or half open. */
  open(): string[] {
    return [...this.#destinations].filter(([, d]) => d.openUntil !== null).map(([name]) => name);
  }

  #waitFor(d: Destination, route: Route): Milliseconds {
    const left = (d.openUntil ?? 0) - this.#clock.monotonic();
    if (left > 0 && (d.failed.has(route) || concerned(d) === 'all')) return left;
    // While the one that probes is under way, the rest wait.
    return d.active > 0 ? 1000 : 0;
  }
}

function concerned({ failed }: Destination): Concerned {
  return failed.size >= ROUTES_TO_BE_SURE ? 'all' : [...failed];
}
