import { canonicalZone, type Instant, Zone } from '@overdue/schedules';

export const REPORTS = ['off', 'daily', 'weekly', 'monthly'] as const;
/** How often somebody is mailed a report. */
export type Reports = (typeof REPORTS)[number];

/**
 * When the next report is due (status-and-alerting.md K3): some minute from 09:00 to 10:59 on the next day, Monday or
 * first of a month of the zone; never today. Null for `off`.
 * @param tz one that the tz database does not know any more counts as UTC
 * @param random from 0 up to 1: spreads the mails over the two hours
 */
export function nextReportAt(reports: Reports, now: Instant, tz: string, random: number): Instant | null {
  if (reports === 'off') return null;
  const zone = Zone.named(canonicalZone(tz) ?? 'UTC');
  // The local date, read from a Date that is given the wall time as if it were UTC.
  const day = new Date(now + zone.offsetAt(Math.floor(now / 1000)) * 1000);
  do day.setUTCDate(day.getUTCDate() + 1);
  while (!isReportDay(reports, day));
  day.setUTCHours(9, Math.floor(random * 120), 0, 0);
  const wall = day.getTime() / 1000;
  return (wall - zone.offsetAtWall(wall, 0)) * 1000;
}

function isReportDay(reports: Exclude<Reports, 'off'>, day: Date): boolean {
  if (reports === 'daily') return true;
  return reports === 'weekly' ? day.getUTCDay() === 1 : day.getUTCDate() === 1;
}
