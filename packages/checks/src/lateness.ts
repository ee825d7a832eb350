import { compileSchedule, type Instant } from '@overdue/schedules';
import type { LatenessFields, ScheduleFields } from './check.ts';

/**
 * A check's schedule cannot be evaluated (written by hand into the database, or a zone gone from the tz data).
 * It concerns this check only: set it aside, report it, go on with the others.
 */
export class BrokenScheduleError extends Error {
  override readonly name = 'BrokenScheduleError';
}

/**
 * The first expected ping after `after`, or null when there is never another (A1).
 * @throws {BrokenScheduleError}
 */
export function nextExpected(fields: ScheduleFields, after: Instant): Instant | null {
  if (fields.kind === 'simple') return after + fields.timeout * 1000;
  try {
    return compileSchedule(fields.kind, fields.schedule, fields.tz).next(after);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new BrokenScheduleError(`Schedule "${fields.schedule}" in zone "${fields.tz}" cannot be evaluated: ${why}`, {
      cause: error,
    });
  }
}

/**
 * When the next success or fail is due (A1): only an up check awaits one. Null: never.
 * @throws {BrokenScheduleError}
 */
export function expectedAt(check: LatenessFields): Instant | null {
  return check.status === 'up' && check.last_ping !== null ? nextExpected(check, check.last_ping) : null;
}

/** The start that is being timed: a down check times none (A2, P-43). */
export function timedStart(check: Pick<LatenessFields, 'status' | 'last_start'>): Instant | null {
  return check.status === 'down' ? null : check.last_start;
}

/** The earlier of two instants, null meaning never. */
export function earlier(a: Instant | null, b: Instant | null): Instant | null {
  if (a === null) return b;
  if (b === null) return a;
  return a < b ? a : b;
}

/**
 * When grace begins to run (A2): the earlier of the expected ping and the start of the run in progress.
 * @throws {BrokenScheduleError}
 */
export function graceStart(check: LatenessFields): Instant | null {
  return earlier(expectedAt(check), timedStart(check));
}

/** A3 from its parts. */
export function deadline(expected: Instant | null, start: Instant | null, graceSeconds: number): Instant | null {
  const from = earlier(expected, start);
  return from === null ? null : from + graceSeconds * 1000;
}
