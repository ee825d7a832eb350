import type { Clock, Instant } from '@overdue/clock';
import type { Database, Sql } from '@overdue/database';
import { updateNagDateOf } from '../nag-dates.ts';
import { nextReportAt, type Reports } from './next-report.ts';

/** Seconds between two reminders; 0: none. */
export const NAG_PERIODS = [0, 3600, 86_400] as const;
export type NagPeriod = (typeof NAG_PERIODS)[number];

export interface ReportSettings {
  readonly reports: Reports;
  readonly nagPeriod: NagPeriod;
  /** Null: off, or not scheduled yet. */
  readonly nextReportAt: Instant | null;
}

/** Of an account that exists. */
export async function readReportSettings(sql: Sql, userId: number): Promise<ReportSettings> {
  const [row] = await sql<ReportSettings[]>`
    select reports, nag_period as "nagPeriod", next_report_at as "nextReportAt" from users where id = ${userId}`;
  return row!;
}

/**
 * Stores which mails somebody wants. The date of the next report is always chosen anew; a reminder that is due stays due
 * (status-and-alerting.md G4).
 * @param args.tz the zone of `args.userId`
 */
export async function saveReportSettings(
  database: Database,
  clock: Clock,
  args: { userId: number; tz: string; reports: Reports; nagPeriod: NagPeriod },
): Promise<void> {
  const { userId, tz, reports, nagPeriod } = args;
  const now = clock.now();
  const next = nextReportAt(reports, now, tz, Math.random());
  await database.sql.begin(async (sql) => {
    await sql`
      update users
      set reports = ${reports}, next_report_at = ${next}, nag_period = ${nagPeriod},
        next_nag_at = case when ${nagPeriod} = 0 then null else next_nag_at end
      where id = ${userId}`;
    await updateNagDateOf(sql, userId, now);
  });
}

/**
 * Neither reports nor reminders any more: their link to unsubscribe was used (G5), or a mail came back for good (D10).
 * @returns false when there is no such user
 */
export async function endReports(sql: Sql, username: string): Promise<boolean> {
  const rows = await sql`
    update users set reports = 'off', nag_period = 0, next_report_at = null, next_nag_at = null
    where username = ${username} returning id`;
  return rows.length > 0;
}
