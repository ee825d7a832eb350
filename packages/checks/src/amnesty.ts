import type { Instant } from '@overdue/schedules';
import type { LatenessFields, ScheduleFields } from './check.ts';
import { deadline, expectedAt, nextExpected, timedStart } from './lateness.ts';

/*
 * Outage amnesty: our outage is never your alert.
 *
 * A gap is a stretch in which no ingester was receiving, so a ping sent then is lost and its absence proves nothing.
 * The gaps themselves are the record: deadlines are worked out from a check's state and the gaps each time, so nothing
 * has to be remembered with the check and no later recomputation of alert_after can undo an amnesty.
 *
 *   what was awaited                                             a gap that touches it moves it to
 *   a ping in [expected - early, expected + grace)  simple        the first expected + k * timeout at or after the gap's end
 *                                                   cron, OnCal.  the first occurrence at or after the gap's end; never if none
 *   a run's end in [last_start, last_start + grace)               the gap's end
 *
 * To each, grace is added. Several gaps are applied in turn, so a moved window may be moved again. "Touches" is
 * overlap by any length: a gap that ends exactly when the window opens, or begins when it closes, is not one.
 *
 * "early": jobs are not clockwork. A run that takes 3 s less than the one before pings 3 s before `expected`; a host's
 * clock may be ahead of ours. A gap that ends in between has swallowed that ping. So the window opens a little before
 * `expected`: a minute, but no more than the grace time or a tenth of the period, and not before the last ping.
 */

/** A stretch `[from, until)` in which no ingester was receiving. */
export interface Gap {
  readonly from: Instant;
  readonly until: Instant;
}

/** What is awaited once gaps are taken into account, and which gaps mattered. */
export interface Awaited {
  readonly expected: Instant | null;
  readonly start: Instant | null;
  readonly heldBy: readonly Gap[];
}

export const NO_GAPS: readonly Gap[] = [];

/**
 * Expected ping and running start of `check`, moved past the gaps that touch their windows.
 * @throws {BrokenScheduleError}
 */
export function awaited(check: LatenessFields, gaps: readonly Gap[], expected = expectedAt(check)): Awaited {
  let start = timedStart(check);
  if (gaps.length === 0) return { expected, start, heldBy: gaps };
  const grace = check.grace * 1000;
  const heldBy: Gap[] = [];
  for (const gap of gaps.toSorted((a, b) => a.from - b.from)) {
    const expectedHeld = expected !== null && touches(gap, windowOpens(check, expected), expected + grace);
    const startHeld = start !== null && touches(gap, start, start + grace);
    if (expectedHeld) expected = firstExpectedFrom(check, expected!, gap.until);
    if (startHeld) start = gap.until;
    if (expectedHeld || startHeld) heldBy.push(gap);
  }
  return { expected, start, heldBy };
}

/**
 * When the check goes down (A3, B1) unless something happens, as the column `alert_after` has it; null: never.
 * With `gaps` (any order, may be more than matter): their amnesty included.
 * @throws {BrokenScheduleError}
 */
export function alertAfter(check: LatenessFields, gaps: readonly Gap[] = NO_GAPS): Instant | null {
  const { expected, start } = awaited(check, gaps);
  return deadline(expected, start, check.grace);
}

function touches(gap: Gap, from: Instant, until: Instant): boolean {
  return gap.from < until && gap.until > from;
}

/** How far before the expected instant a ping may have come, in milliseconds; see the top. */
const EARLY_MS = 60_000;

function windowOpens(check: LatenessFields, expected: Instant): Instant {
  const early = Math.min(EARLY_MS, check.grace * 1000, check.kind === 'simple' ? check.timeout * 100 : EARLY_MS);
  return Math.max(expected - early, check.last_ping ?? expected - early);
}

/** The first expected instant at or after `gapEnd`, and after `expected`: that one is forgiven. */
function firstExpectedFrom(fields: ScheduleFields, expected: Instant, gapEnd: Instant): Instant | null {
  if (fields.kind !== 'simple') return nextExpected(fields, Math.max(gapEnd - 1, expected));
  const period = fields.timeout * 1000;
  return expected + Math.max(1, Math.ceil((gapEnd - expected) / period)) * period;
}
