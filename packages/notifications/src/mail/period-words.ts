import { type Period, type PeriodUnit, PRESS_MONTHS } from '@overdue/checks';

/* How reports call their periods (status-and-alerting.md K8, K9). */

type Named = Pick<Period, 'date'>;

/** Above a column: `Nov. 2019`, `Dec 30 - Jan 5`, `January 11`. */
export function periodHeading(unit: PeriodUnit, { date }: Named): string {
  if (unit === 'month') return `${PRESS_MONTHS[date.month - 1]} ${date.year}`;
  if (unit === 'day') return dayOf('long', date);
  return `${dayOf('short', date)} - ${dayOf('short', sixDaysLater(date))}`;
}

/** To begin a sentence with: `In December`, `Last week (January 6 to January 12)`, `Yesterday (January 12)`. */
export function periodPhrase(unit: PeriodUnit, { date }: Named): string {
  if (unit === 'month') return `In ${monthOf('long', date)}`;
  if (unit === 'day') return `Yesterday (${dayOf('long', date)})`;
  return `Last week (${dayOf('long', date)} to ${dayOf('long', sixDaysLater(date))})`;
}

type Length = 'long' | 'short';

function dayOf(length: Length, date: { month: number; day: number }): string {
  return `${monthOf(length, date)} ${date.day}`;
}

function monthOf(length: Length, { month }: { month: number }): string {
  return new Date(Date.UTC(2000, month - 1)).toLocaleDateString('en-US', { month: length, timeZone: 'UTC' });
}

function sixDaysLater({ year, month, day }: Period['date']): { month: number; day: number } {
  const last = new Date(Date.UTC(year, month - 1, day + 6));
  return { month: last.getUTCMonth() + 1, day: last.getUTCDate() };
}
