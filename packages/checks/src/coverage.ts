import type { Instant } from '@overdue/schedules';
import type { Gap } from './amnesty.ts';

/** A stretch in which an ingester was receiving and all it accepted is committed. */
export interface Covered {
  readonly from: Instant;
  readonly until: Instant;
}

/**
 * What no stretch covers between `from` and `until`, where it is longer than `minGap` milliseconds. Shorter holes are no
 * gaps: an ingester that is replaced by the next one leaves a second.
 */
export function uncovered(stretches: readonly Covered[], from: Instant, until: Instant, minGap: number): Gap[] {
  const gaps: Gap[] = [];
  let reached = from;
  for (const stretch of stretches.toSorted((a, b) => a.from - b.from)) {
    const start = Math.min(stretch.from, until);
    if (start - reached > minGap) gaps.push({ from: reached, until: start });
    reached = Math.max(reached, stretch.until);
    if (reached >= until) return gaps;
  }
  if (until - reached > minGap) gaps.push({ from: reached, until });
  return gaps;
}

/**
 * The instant up to which lateness can be judged: every ping received before it, by any ingester that may still hold
 * one, is committed, and somebody vouches for it. Null: nobody does.
 *
 * A watermark ahead of the database's clock (an ingester whose clock is fast) vouches for no more than now.
 */
export function judgeableUntil(
  now: Instant,
  watermarks: readonly (Instant | null)[],
  stretches: readonly Covered[],
): Instant | null {
  if (watermarks.length === 0 || watermarks.includes(null) || stretches.length === 0) return null;
  const covered = Math.max(...stretches.map((stretch) => stretch.until));
  return Math.min(now, covered, ...(watermarks as Instant[]));
}
