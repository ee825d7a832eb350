import { listed, listedNumbers, numberItems, ordinal } from './list.ts';

/*
 * Days, months and years in words. Own, because cronstrue knows neither OnCalendar's dates nor which of cron's two day
 * fields must match (C8): it says "on day 1 of the month, and on Monday" of a schedule that runs on either.
 */

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;

const NTH = ['first', 'second', 'third', 'fourth', 'fifth'] as const;

/** `Monday through Friday`, or `Monday` and `Thursday`; 0 = Sunday, which comes last. */
export function weekdayItems(weekdays: ReadonlySet<number>): string[] {
  const fromMonday = [...weekdays].map((weekday) => (weekday + 6) % 7);
  return numberItems(fromMonday, (value) => WEEKDAYS[(value + 1) % 7]!);
}

/** `the second Monday of the month` */
export function nthWeekdayWords(weekday: number, n: number): string {
  return `the ${NTH[n - 1]} ${WEEKDAYS[weekday]} of the month`;
}

/** `the last Friday of the month` */
export function lastWeekdayWords(weekday: number): string {
  return `the last ${WEEKDAYS[weekday]} of the month`;
}

/** `day 1 of the month`, `days 1 through 7 and 15 of the month` */
export function dayWords(days: ReadonlySet<number>): string {
  return `${days.size === 1 ? 'day' : 'days'} ${listedNumbers(days, String)} of the month`;
}

/** Days counted from the end: `the last day of the month`, `the last 7 days of the month`, `the 3rd-last day of …`. */
export function dayFromEndWords(days: ReadonlySet<number>): string {
  const sorted = [...days].sort((a, b) => a - b);
  if (sorted.length > 1 && sorted.at(-1) === sorted.length) return `the last ${sorted.length} days of the month`;
  const names = sorted.map((day) => (day === 1 ? 'last' : `${ordinal(day)}-last`));
  return `the ${listed(names)} ${names.length === 1 ? 'day' : 'days'} of the month`;
}

/** `, only in January through March`, or nothing for every month. */
export function monthWords(months: ReadonlySet<number>): string {
  return months.size === 12 ? '' : `, only in ${listedNumbers(months, (month) => MONTHS[month - 1]!)}`;
}

/** `, only in 2025 through 2030`, or nothing for every year. */
export function yearWords(years: ReadonlySet<number>, all: number): string {
  return years.size === all ? '' : `, only in ${listedNumbers(years, String)}`;
}
