import { plural } from './plural.ts';

/*
 * Lengths of time in words (status-and-alerting.md §11). All cut, none rounds, but for the hundredths of a short run.
 */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;

/** Period and grace, from seconds (X1): `1 week`, `8 days`, `1 day 2 hours`. Weeks only when it is a whole number. */
export function formatPeriod(seconds: number): string {
  if (seconds >= WEEK && seconds % WEEK === 0) return plural(seconds / WEEK, 'week');
  const parts = [
    [Math.floor(seconds / DAY), 'day'],
    [Math.floor((seconds % DAY) / HOUR), 'hour'],
    [Math.floor((seconds % HOUR) / MINUTE), 'minute'],
  ] as const;
  const words = parts.filter(([count]) => count > 0).map(([count, unit]) => plural(count, unit));
  return words.length === 0 ? '0 minutes' : words.join(' ');
}

/** Totals, from milliseconds (X2): `3 days 6 h`, `6 h 12 min`, `12 min 24 sec`. */
export function formatApproximate(ms: number): string {
  const { days, hours, minutes, seconds } = split(ms);
  if (days > 0) return `${plural(days, 'day')} ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return `${minutes} min ${seconds} sec`;
}

/** In a sentence, from milliseconds (X3): `3 days, 1 hour`, `1 minute, 24 seconds`, `0 seconds`. */
export function formatSentence(ms: number): string {
  const { days, hours, minutes, seconds } = split(ms);
  if (days > 0) return `${plural(days, 'day')}, ${plural(hours, 'hour')}`;
  if (hours > 0) return `${plural(hours, 'hour')}, ${plural(minutes, 'minute')}`;
  if (minutes > 0) return `${plural(minutes, 'minute')}, ${plural(seconds, 'second')}`;
  return plural(seconds, 'second');
}

/** How long a run took, from milliseconds (X4): `0.12 sec`, `1 min 2 sec`, `1 h 0 min 0 sec`. */
export function formatRunTime(ms: number): string {
  if (ms >= 10 && ms < 1000) return `${(ms / 1000).toFixed(2)} sec`;
  const { days, hours, minutes, seconds } = split(ms);
  const allHours = days * 24 + hours;
  if (allHours > 0) return `${allHours} h ${minutes} min ${seconds} sec`;
  if (minutes > 0) return `${minutes} min ${seconds} sec`;
  return `${seconds} sec`;
}

function split(ms: number) {
  const total = Math.floor(Math.max(ms, 0) / 1000);
  return {
    days: Math.floor(total / DAY),
    hours: Math.floor((total % DAY) / HOUR),
    minutes: Math.floor((total % HOUR) / MINUTE),
    seconds: total % MINUTE,
  };
}
