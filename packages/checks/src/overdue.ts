import type { Instant } from '@overdue/schedules';
import type { Gap } from './amnesty.ts';
import type { PingEvent } from './apply-ping.ts';
import type { CheckState, PingKind, Transition } from './check.ts';
import { goDown } from './go-down.ts';
import { BrokenScheduleError } from './lateness.ts';

/*
 * A ping that comes after its check's deadline, before `sendalerts` has judged it: `sendalerts` was away, the database
 * was, or it is a race of milliseconds. The check was down between the deadline and the ping all the same, and somebody
 * has to hear of it. So the time-out is recorded first, and the ping meets a check that is down:
 *
 *   ping       what follows the down flip at the deadline
 *   success    up, flip down→up at the ping
 *   fail       stays down, no second flip
 *   start      stays down; the run begins, and arms nothing
 *   log, ign   do not end lateness: nothing is recorded here, and the deadline stays for `sendalerts` to find
 */

/** What is known about the time before a ping, beside the check's own pings. */
export interface Known {
  /** Pings of the check received before this instant have been applied, but for those being applied now. */
  readonly until: Instant;
  /** Stretches up to there in which nobody was receiving; see {@link goDown}. */
  readonly gaps: readonly Gap[];
}

/** It would be late, but somebody may still hold a ping from before the deadline. */
export interface NotKnown {
  /** When it went down, if so. */
  readonly since: Instant;
}

/**
 * Whether it is worth asking {@link overdueBefore}: cheap, and true too often rather than too seldom. The stored
 * deadline never lies after the one that the gaps give.
 */
export function mayBeOverdue(check: Pick<CheckState, 'status' | 'alert_after'>, at: Instant, kind: PingKind): boolean {
  return check.alert_after !== null && at > check.alert_after && check.status !== 'down' && movesDeadline(kind);
}

/**
 * The time-out that `check` had before `ping`, to be recorded ahead of it; null: the ping is in time, or leaves the
 * deadline to `sendalerts`.
 */
export function overdueBefore<C extends CheckState>(
  check: C,
  { at, kind }: Pick<PingEvent, 'at' | 'kind'>,
  known: Known,
): Transition<C> | NotKnown | null {
  if (!mayBeOverdue(check, at, kind)) return null;
  try {
    const transition = goDown(check, Math.min(at, known.until), known.gaps);
    if (transition) return transition;
    const flip = known.until < at ? goDown(check, at, known.gaps)?.flip : null;
    return flip ? { since: flip.at } : null;
  } catch (error) {
    // What is expected nobody knows; applying the ping reports it.
    if (error instanceof BrokenScheduleError) return null;
    throw error;
  }
}

function movesDeadline(kind: PingKind): boolean {
  return kind !== 'log' && kind !== 'ign';
}
