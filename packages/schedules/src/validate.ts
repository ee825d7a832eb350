import { dayOfDate, SECONDS_PER_DAY } from './calendar/date.ts';
import { cronPattern, lastYearOfSearch } from './cron/evaluate.ts';
import { parseCron } from './cron/parse.ts';
import { ScheduleError } from './error.ts';
import { compileSchedule } from './schedule.ts';
import { tokens, trimmed } from './text.ts';
import type { ScheduleKind } from './types.ts';

/** The most characters a schedule may have (S4). */
export const MAX_SCHEDULE_LENGTH = 100;

const NEVER = 'No date ever matches';

/** Where the search for a first occurrence begins: 2000-01-01T00:00:00, in seconds. */
const SEARCHED_FROM = dayOfDate(2000, 1, 1) * SECONDS_PER_DAY;

/**
 * Whether the product accepts `expr` as a schedule of that kind: it is at most 100 characters long (S4), it parses, and
 * it has an occurrence after the beginning of 2000 (S7, S8). `reason` is for people: which part is wrong.
 */
export function validateSchedule(kind: ScheduleKind, expr: string): { ok: true } | { ok: false; reason: string } {
  if ([...expr].length > MAX_SCHEDULE_LENGTH) {
    return { ok: false, reason: `Longer than ${MAX_SCHEDULE_LENGTH} characters` };
  }
  try {
    return hasOccurrence(kind, expr) ? { ok: true } : { ok: false, reason: NEVER };
  } catch (error) {
    if (error instanceof ScheduleError) return { ok: false, reason: error.message };
    throw error;
  }
}

function hasOccurrence(kind: ScheduleKind, expr: string): boolean {
  if (kind === 'oncalendar') return compileSchedule(kind, expr, 'UTC').next(SEARCHED_FROM * 1000) !== null;
  const pattern = cronPattern(parseCron(expr));
  return pattern.nextWall(SEARCHED_FROM + 1, lastYearOfSearch(SEARCHED_FROM)) !== null;
}

/** S5: the kind the API takes `expr` for: five tokens on one line are cron, anything else is OnCalendar. */
export function guessScheduleKind(expr: string): ScheduleKind {
  const text = trimmed(expr);
  return !text.includes('\n') && tokens(text).length === 5 ? 'cron' : 'oncalendar';
}
