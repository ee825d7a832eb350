import type { Instant } from '@overdue/clock';

const DAY_MS = 86_400_000;
const TWO_DIGITS = Array.from({ length: 60 }, (_, i) => String(i).padStart(2, '0'));

/** The day that was printed last, and how: in a list most instants are of one day. */
let day = Number.NaN;
let date = '';

/** `2026-11-21T06:10:15+00:00`: UTC, fractions cut off (M-9). */
export function timestamp(instant: Instant): string {
  const ofInstant = Math.floor(instant / DAY_MS);
  if (ofInstant !== day) {
    date = new Date(instant).toISOString().slice(0, -14);
    day = ofInstant;
  }
  const seconds = Math.floor((instant - day * DAY_MS) / 1000);
  const minutes = Math.floor(seconds / 60);
  return `${date}T${TWO_DIGITS[Math.floor(minutes / 60)]}:${TWO_DIGITS[minutes % 60]}:${TWO_DIGITS[seconds % 60]}+00:00`;
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
