import type { Instant } from '@overdue/schedules';
import type { CheckState, LatenessFields, Status } from './check.ts';
import { BrokenScheduleError, deadline, earlier, expectedAt, timedStart } from './lateness.ts';

/** What people see: a late check (past its expected ping, within grace) is `grace`. */
export type DisplayStatus = Status | 'grace';

/** API v1 also says that a run is in progress (A5). */
export type DisplayStatusV1 = DisplayStatus | 'started';

/** A row without `alert_after` is shown without amnesty. */
export type DisplayFields = LatenessFields & Partial<Pick<CheckState, 'alert_after'>>;

/**
 * The status to show at `now` (A4, without `started`): may be `down` before the worker has flipped the check.
 * Boundaries are inclusive. Two things A4 does not know: an amnesty (a stored `alert_after` later than the state gives)
 * holds `down` back, and a schedule that cannot be evaluated expects nothing, so that lists can always be shown.
 */
export function displayStatus(check: DisplayFields, now: Instant): DisplayStatus {
  const start = check.last_start;
  if (check.status === 'down') return 'down';
  if (check.status !== 'up' && start === null) return check.status;
  const expected = expectedOrNever(check);
  const due = deadline(expected, start, check.grace);
  if (due !== null && now >= due && now >= (check.alert_after ?? due)) return 'down';
  if (check.status !== 'up') return check.status;
  return expected !== null && now >= expected ? 'grace' : 'up';
}

/** The status for API v1: as {@link displayStatus}, but `started` while a run is in progress and not overdue. */
export function displayStatusV1(check: DisplayFields, now: Instant): DisplayStatusV1 {
  const { last_start: start } = check;
  if (start === null) return displayStatus(check, now);
  const overdue =
    now >= start + check.grace * 1000 && (check.status === 'down' || displayStatus(check, now) === 'down');
  return overdue ? 'down' : 'started';
}

/** Whether a run is in progress: the flag beside the status (A5). It stays after the run has timed out. */
export function isStarted(check: Pick<CheckState, 'last_start'>): boolean {
  return check.last_start !== null;
}

/** The API's `next_ping` (A6): when grace begins to run, so the start of a run in progress if that is the earlier. */
export function nextPing(check: LatenessFields): Instant | null {
  return earlier(expectedOrNever(check), timedStart(check));
}

/** Status of a project or tag from its checks' (A8): new and paused count as up, nothing at all is up. */
export function summaryStatus(statuses: Iterable<DisplayStatus>): 'up' | 'grace' | 'down' {
  let summary: 'up' | 'grace' = 'up';
  for (const status of statuses) {
    if (status === 'down') return 'down';
    if (status === 'grace') summary = 'grace';
  }
  return summary;
}

function expectedOrNever(check: LatenessFields): Instant | null {
  try {
    return expectedAt(check);
  } catch (error) {
    if (error instanceof BrokenScheduleError) return null;
    throw error;
  }
}
