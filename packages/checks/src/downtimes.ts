import type { Instant } from '@overdue/schedules';
import type { Status } from './check.ts';
import type { Period } from './periods.ts';

/** What is needed of a row of the table `flips`. */
export interface FlipFacts {
  readonly created_at: Instant;
  readonly old_status: string;
}

/** A period and how much of it the check was down. */
export interface Downtime extends Period {
  /** Stretches of downtime; one that crosses a period's start counts in both (T3). */
  readonly count: number;
  readonly downtime_ms: number;
  /** The check was created after this period, so nothing can be said (T6). Never the current period. */
  readonly no_data: boolean;
}

/**
 * Downtime by period (status-and-alerting.md §10), from the stored status and the flips that led to it. Paused and new
 * time is not downtime. With no flips the status has always been what it is (T5).
 *
 * Two adjacent stretches with a flip between them count separately; a stretch of no length does not count (T4). A flip
 * that was recorded later than another but bears an earlier instant (a success that arrived before the deadline and was
 * applied after it) is believed: the other then lasted no time.
 *
 * @param flips of the check, newest first in the order they were recorded; those from before the oldest period may be
 *   left out
 * @param periods adjacent, newest first, the current one first
 */
export function downtimes(
  check: { readonly status: Status; readonly created_at: Instant },
  flips: Iterable<FlipFacts>,
  periods: readonly Period[],
  now: Instant,
): Downtime[] {
  const sums = periods.map((period, i) => ({
    ...period,
    count: 0,
    downtime_ms: 0,
    no_data: i > 0 && check.created_at > period.end,
  }));
  const oldest = periods.at(-1)?.start ?? now;
  let status: string = check.status;
  let until = now;
  const stretch = (from: Instant) => {
    if (status === 'down') addStretch(sums, from, until);
    until = from;
  };
  for (const flip of flips) {
    stretch(Math.max(Math.min(flip.created_at, until), oldest));
    if (until <= oldest) return sums;
    status = flip.old_status;
  }
  stretch(Math.min(oldest, until));
  return sums;
}

function addStretch(
  sums: { start: Instant; end: Instant; count: number; downtime_ms: number }[],
  from: Instant,
  until: Instant,
) {
  for (const sum of sums) {
    const length = Math.min(until, sum.end) - Math.max(from, sum.start);
    if (length <= 0) continue;
    sum.count++;
    sum.downtime_ms += length;
  }
}

/** The part of the whole period, its rest included if it is the current one, that is not downtime (T7): 0 to 1. */
export function uptime({ start, end, downtime_ms }: Pick<Downtime, 'start' | 'end' | 'downtime_ms'>): number {
  return (end - start - downtime_ms) / (end - start);
}

/** Percent without the sign, cut to two decimals so that 100.0 means all of it (T7): `99.99`, `99.9`, `50.0`. */
export function formatUptime(ratio: number): string {
  // The smallest step of a ratio, a millisecond of a month, is 4e-6 here; 1e-7 only mends 0.57 * 10000 = 5699.999….
  const hundredths = Math.floor(ratio * 10_000 + 1e-7);
  return (hundredths / 100).toFixed(2).replace(/0$/, '');
}
