import type { Instant } from '@overdue/clock';

/** `2026-11-21T06:10:15+00:00`: UTC, fractions cut off (M-9). */
export function timestamp(instant: Instant): string {
  return `${new Date(instant).toISOString().slice(0, 19)}+00:00`;
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
