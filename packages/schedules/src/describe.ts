import { describeCron } from './cron/describe.ts';
import { describeOnCalendar } from './oncalendar/describe.ts';
import type { ScheduleKind } from './types.ts';

/**
 * The schedule in English words, for people: `Every 5 minutes, on Monday through Friday`. Says nothing of the check's
 * zone; a line's own zone is named.
 * @throws {ScheduleError} when `expr` does not parse as that kind.
 */
export function describeSchedule(kind: ScheduleKind, expr: string): string {
  return kind === 'cron' ? describeCron(expr) : describeOnCalendar(expr);
}
