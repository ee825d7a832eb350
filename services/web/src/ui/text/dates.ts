import { PRESS_MONTHS, plural } from '@overdue/checks';
import type { Instant } from '@overdue/clock';

/*
 * Instants in words (web-ui.md §4). Zones only here: everything stored is UTC.
 */

const UNITS = [
  ['year', 365 * 86_400],
  ['month', 30 * 86_400],
  ['week', 7 * 86_400],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const;

/**
 * "now", "12 seconds ago", "a minute ago", "3 hours ago", "2 weeks, 3 days ago"; "… from now" for the future. From one
 * day on two adjacent units. public/app.js says the same for pages that stay open.
 */
export function formatAgo(at: Instant, now: Instant): string {
  const difference = Math.trunc((now - at) / 1000);
  const seconds = Math.abs(difference);
  const words = spoken(seconds);
  if (seconds < 1) return 'now';
  return difference > 0 ? `${words} ago` : `${words} from now`;
}

function spoken(seconds: number): string {
  if (seconds < 60) return plural(seconds, 'second');
  if (seconds < 3600) return seconds < 120 ? 'a minute' : plural(Math.floor(seconds / 60), 'minute');
  if (seconds < 86_400) return seconds < 7200 ? 'an hour' : plural(Math.floor(seconds / 3600), 'hour');
  const first = UNITS.findIndex(([, size]) => seconds >= size);
  const [unit, size] = UNITS[first]!;
  const count = Math.floor(seconds / size);
  const [nextUnit, nextSize] = UNITS[first + 1]!;
  const rest = Math.floor((seconds - count * size) / nextSize);
  return rest > 0 ? `${plural(count, unit)}, ${plural(rest, nextUnit)}` : plural(count, unit);
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(tz: string, options: Intl.DateTimeFormatOptions, locale = 'en-GB'): Intl.DateTimeFormat {
  const key = `${locale} ${tz} ${JSON.stringify(options)}`;
  let found = formatters.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(locale, { ...options, timeZone: tz, hourCycle: 'h23' });
    formatters.set(key, found);
  }
  return found;
}

function parts(at: Instant, tz: string, options: Intl.DateTimeFormatOptions, locale?: string): Record<string, string> {
  return Object.fromEntries(
    formatter(tz, options, locale)
      .formatToParts(at)
      .map((p) => [p.type, p.value]),
  );
}

/** Where English is spoken, zones nearby have a short name: in Britain CET, in America EST; elsewhere an offset. */
const NAMING = ['en-US', 'en-CA', 'en-AU', 'en-IN', 'en-ZA'];

/** By zone, the one of {@link NAMING} that names it; null: none does. */
const naming = new Map<string, string | null>();

/** "EET", "EDT"; "GMT+9" of a zone that has no short name in English. @param british its name in Britain */
function zoneName(british: string, at: Instant, tz: string): string {
  if (!/^GMT[+-]/.test(british)) return british;
  const nameIn = (locale: string) => parts(at, tz, { timeZoneName: 'short' }, locale).timeZoneName!;
  let locale = naming.get(tz);
  if (locale === undefined) {
    locale = NAMING.find((one) => !/^GMT[+-]/.test(nameIn(one))) ?? null;
    naming.set(tz, locale);
  }
  return locale === null ? british : nameIn(locale);
}

/** "Wed, 15 Jan 2025, 12:34:05 EET" */
export function formatStamp(at: Instant, tz: string): string {
  const p = parts(at, tz, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
  });
  return `${p.weekday}, ${p.day} ${p.month} ${p.year}, ${p.hour}:${p.minute}:${p.second} ${zoneName(p.timeZoneName!, at, tz)}`;
}

/** "Jan 15", with the year when it is not this one's. */
export function formatDay(at: Instant, tz: string, now: Instant): string {
  const p = parts(at, tz, { month: 'short', day: 'numeric', year: 'numeric' });
  const thisYear = parts(now, tz, { year: 'numeric' }).year;
  return p.year === thisYear ? `${p.month} ${p.day}` : `${p.month} ${p.day}, ${p.year}`;
}

/** "12:34:05" */
export function formatTime(at: Instant, tz: string): string {
  const p = parts(at, tz, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  return `${p.hour}:${p.minute}:${p.second}`;
}

/** "Wed 2025-01-15 12:34:05 EET", for schedules. */
export function formatOccurrence(at: Instant, tz: string): string {
  const p = parts(at, tz, {
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
  });
  return `${p.weekday} ${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}:${p.second} ${zoneName(p.timeZoneName!, at, tz)}`;
}

/** "Jan. 2020", "March 2020", "Sept. 2020": AP style. */
export function formatMonth(at: Instant, tz: string): string {
  const p = parts(at, tz, { month: 'numeric', year: 'numeric' });
  return `${PRESS_MONTHS[Number(p.month) - 1]} ${p.year}`;
}
