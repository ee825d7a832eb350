import { type Instant, Zone } from '@overdue/schedules';

export type PeriodUnit = 'month' | 'week' | 'day';

/** A month, a week from Monday, or a day, between local midnights of some zone. */
export interface Period {
  readonly start: Instant;
  /** Where the next one starts. Whole months may be an hour longer or shorter than their days. */
  readonly end: Instant;
  /** Local date of `start`; month 1–12. For labels: the instant alone does not tell it without the zone. */
  readonly date: { readonly year: number; readonly month: number; readonly day: number };
}

/**
 * The `count` latest periods, the one that `now` lies in first (T1).
 * @param tz a zone of the tz database
 * @throws {ScheduleError} when there is no such zone
 */
export function latestPeriods(unit: PeriodUnit, count: number, now: Instant, tz: string): Period[] {
  const zone = Zone.named(tz);
  // The local date, read from a Date that is given the wall time as if it were UTC.
  const today = new Date(now + zone.offsetAt(Math.floor(now / 1000)) * 1000);
  const periods: Period[] = [];
  for (let back = 0; back < count; back++) {
    const first = firstDay(unit, today, back);
    periods.push({
      start: midnight(zone, first),
      end: midnight(zone, firstDay(unit, today, back - 1)),
      date: { year: first.getUTCFullYear(), month: first.getUTCMonth() + 1, day: first.getUTCDate() },
    });
  }
  return periods;
}

/** First day of the period `back` periods before the one with `today`. */
function firstDay(unit: PeriodUnit, today: Date, back: number): Date {
  const [year, month, day] = [today.getUTCFullYear(), today.getUTCMonth(), today.getUTCDate()];
  switch (unit) {
    case 'month':
      return new Date(Date.UTC(year, month - back, 1));
    case 'week':
      return new Date(Date.UTC(year, month, day - ((today.getUTCDay() + 6) % 7) - 7 * back));
    case 'day':
      return new Date(Date.UTC(year, month, day - back));
  }
}

/** When `date` begins. Where a clock change skips midnight, the change is when it begins. */
function midnight(zone: Zone, date: Date): Instant {
  const wall = date.getTime() / 1000;
  return (wall - zone.offsetAtWall(wall, 0)) * 1000;
}

/** Months as the Associated Press writes them, January first: the short ones in full. */
export const PRESS_MONTHS = [
  ...['Jan.', 'Feb.', 'March', 'April', 'May', 'June'],
  ...['July', 'Aug.', 'Sept.', 'Oct.', 'Nov.', 'Dec.'],
] as const;
