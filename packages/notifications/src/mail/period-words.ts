import type { Period, PeriodUnit } from '@overdue/checks';

/* How reports call their periods (status-and-alerting.md K8, K9). */

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
];
const SHORT = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** As the Associated Press writes them: the short ones in full. */
const PRESS = ['Jan.', 'Feb.', 'March', 'April', 'May', 'June', 'July', 'Aug.', 'Sept.', 'Oct.', 'Nov.', 'Dec.'];

type Named = Pick<Period, 'date'>;

/** Above a column: `Nov. 2019`, `Dec 30 - Jan 5`, `January 11`. */
export function periodHeading(unit: PeriodUnit, { date }: Named): string {
  if (unit === 'month') return `${PRESS[date.month - 1]} ${date.year}`;
  if (unit === 'day') return dayOf(MONTHS, date);
  return `${dayOf(SHORT, date)} - ${dayOf(SHORT, sixDaysLater(date))}`;
}

/** To begin a sentence with: `In December`, `Last week (January 6 to January 12)`, `Yesterday (January 12)`. */
export function periodPhrase(unit: PeriodUnit, { date }: Named): string {
  if (unit === 'month') return `In ${MONTHS[date.month - 1]}`;
  if (unit === 'day') return `Yesterday (${dayOf(MONTHS, date)})`;
  return `Last week (${dayOf(MONTHS, date)} to ${dayOf(MONTHS, sixDaysLater(date))})`;
}

function dayOf(months: readonly string[], { month, day }: { month: number; day: number }): string {
  return `${months[month - 1]} ${day}`;
}

function sixDaysLater({ year, month, day }: Period['date']): { month: number; day: number } {
  const last = new Date(Date.UTC(year, month - 1, day + 6));
  return { month: last.getUTCMonth() + 1, day: last.getUTCDate() };
}
