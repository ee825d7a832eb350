import { dayWords, lastWeekdayWords, monthWords, nthWeekdayWords, weekdayItems } from '../words/date.ts';
import { listed } from '../words/list.ts';
import { timeWords } from '../words/time.ts';
import { type DaysOfMonth, type DaysOfWeek, parseCron } from './parse.ts';

/**
 * A cron expression in English: `At 04:30, on day 1 of the month or on Monday, only in January`.
 * @throws {ScheduleError} when it does not parse.
 */
export function describeCron(expr: string): string {
  const fields = parseCron(expr);
  const time = timeWords({ hours: fields.hours, minutes: fields.minutes, seconds: new Set([0]) });
  const byDate = dayOfMonthWords(fields.daysOfMonth);
  const byWeekday = dayOfWeekWords(fields.daysOfWeek);
  return time + dateWords(byDate, byWeekday, fields.bothDayFields) + monthWords(fields.months);
}

/** C8 in words; null stands for every day. */
function dateWords(byDate: string | null, byWeekday: string | null, both: boolean): string {
  if (both && byDate !== null && byWeekday !== null) return `, ${byDate}, only ${byWeekday}`;
  if (!both && (byDate === null || byWeekday === null)) return '';
  return [byDate, byWeekday].some((words) => words !== null)
    ? `, ${[byDate, byWeekday].filter((words) => words !== null).join(' or ')}`
    : '';
}

function dayOfMonthWords({ days, lastDay, lastWorkday }: DaysOfMonth): string | null {
  if (days.size === 31) return null;
  const items: string[] = [];
  if (days.size > 0) items.push(dayWords(days));
  if (lastDay) items.push('the last day of the month');
  if (lastWorkday) items.push('the last Monday-to-Friday day of the month');
  return `on ${listed(items)}`;
}

function dayOfWeekWords({ every, last, nth }: DaysOfWeek): string | null {
  if (every.size === 7) return null;
  const items = weekdayItems(every);
  for (const { weekday, n } of nth) items.push(nthWeekdayWords(weekday, n));
  for (const weekday of last) items.push(lastWeekdayWords(weekday));
  return `on ${listed([...new Set(items)])}`;
}
