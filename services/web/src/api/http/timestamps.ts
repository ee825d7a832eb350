import type { Instant } from '@overdue/clock';

const DAY_MS = 86_400_000;
const TWO_DIGITS = Array.from({ length: 60 }, (_, i) => String(i).padStart(2, '0'));

/** Days that were printed, by their number: in a list most instants are of a few days, and a Date costs 1 µs. */
const dates = new Map<number, string>();
const MAX_DATES = 1000;

function dateOf(day: number): string {
  let date = dates.get(day);
  if (date === undefined) {
    if (dates.size >= MAX_DATES) dates.clear();
    date = new Date(day * DAY_MS).toISOString().slice(0, -14);
    dates.set(day, date);
  }
  return date;
}

/** `2026-11-21T06:10:15+00:00`: UTC, fractions cut off (M-9). */
export function timestamp(instant: Instant): string {
  const day = Math.floor(instant / DAY_MS);
  const seconds = Math.floor((instant - day * DAY_MS) / 1000);
  const minutes = Math.floor(seconds / 60);
  return `${dateOf(day)}T${TWO_DIGITS[Math.floor(minutes / 60)]}:${TWO_DIGITS[minutes % 60]}:${TWO_DIGITS[seconds % 60]}+00:00`;
}

/** As {@link timestamp}; null stays null. */
export function timestampOrNull(instant: Instant | null): string | null {
  return instant === null ? null : timestamp(instant);
}

/** `2026-11-21T07:05:02.564000+00:00`: microseconds, left out when they are zero (§8.1). */
export function preciseTimestamp(instant: Instant): string {
  const text = new Date(instant).toISOString();
  const milliseconds = text.slice(20, 23);
  return `${text.slice(0, 19)}${milliseconds === '000' ? '' : `.${milliseconds}000`}+00:00`;
}
