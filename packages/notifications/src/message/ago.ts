import { plural } from '@overdue/checks';
import type { Instant } from '@overdue/clock';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/**
 * How long ago: `now`, `10 minutes ago`, `an hour ago`; from a day on the largest unit, and the next smaller one unless
 * it is zero: `1 day, 3 hours ago`, `2 weeks ago`, `1 month, 1 week ago`. Truncated, months by the calendar (UTC).
 */
export function ago(at: Instant, now: Instant): string {
  const seconds = Math.floor((now - at) / 1000);
  if (seconds < 1) return 'now';
  if (seconds < MINUTE) return `${seconds === 1 ? 'a second' : `${seconds} seconds`} ago`;
  if (seconds < HOUR) return `${seconds < 2 * MINUTE ? 'a minute' : `${Math.floor(seconds / MINUTE)} minutes`} ago`;
  if (seconds < DAY) return `${seconds < 2 * HOUR ? 'an hour' : `${Math.floor(seconds / HOUR)} hours`} ago`;
  const months = wholeMonths(at, now);
  const rest = Math.floor((now - monthsLater(at, months)) / 1000);
  const amounts = [
    ['year', Math.floor(months / 12)],
    ['month', months % 12],
    ['week', Math.floor(rest / (7 * DAY))],
    ['day', Math.floor(rest / DAY) % 7],
    ['hour', Math.floor(rest / HOUR) % 24],
  ] as const;
  const first = amounts.findIndex(([, n]) => n > 0);
  return `${amounts
    .slice(first, first + 2)
    .filter(([, n]) => n > 0)
    .map(([unit, n]) => plural(n, unit))
    .join(', ')} ago`;
}

function wholeMonths(from: Instant, to: Instant): number {
  const [a, b] = [new Date(from), new Date(to)];
  const months = (b.getUTCFullYear() - a.getUTCFullYear()) * 12 + b.getUTCMonth() - a.getUTCMonth();
  return monthsLater(from, months) > to ? months - 1 : months;
}

/** The same day and time some months later; the last day of the month where it has no such day. */
function monthsLater(at: Instant, months: number): Instant {
  const date = new Date(at);
  const day = date.getUTCDate();
  date.setUTCMonth(date.getUTCMonth() + months, 1);
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  return date.setUTCDate(Math.min(day, lastDay));
}
