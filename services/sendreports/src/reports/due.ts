import type { Instant, Sql } from '@overdue/database';
import { type NagPeriod, nextReportAt, type Reports } from '@overdue/operations';
import { canonicalZone } from '@overdue/schedules';

/** Somebody whose mail is due, and has been taken by this process: nobody else sends it. */
export interface Due {
  readonly id: number;
  readonly username: string;
  readonly email: string;
  readonly tz: string;
  /** When the next one is due. */
  readonly next: Instant;
}

export interface DueReport extends Due {
  readonly reports: Exclude<Reports, 'off'>;
}

export interface DueReminder extends Due {
  readonly nagPeriod: Exclude<NagPeriod, 0>;
}

/** After a mail server did not take a mail, in milliseconds. */
const TRY_AGAIN_MS = 10 * 60_000;

/** Gives a first date to those who have none: a report only comes when one was due (status-and-alerting.md K2). */
export async function scheduleReports(sql: Sql, now: Instant): Promise<void> {
  const people = await sql<Pick<DueReport, 'id' | 'tz' | 'reports'>[]>`
    select id, tz, reports from users where is_active and reports <> 'off' and next_report_at is null`;
  for (const { id, tz, reports } of people) {
    await sql`
      update users set next_report_at = ${nextDate(reports, now, tz)}
      where id = ${id} and reports = ${reports} and next_report_at is null`;
  }
}

/** Takes one report that is due, and moves its date on; null: none is. */
export async function takeReport(sql: Sql, now: Instant): Promise<DueReport | null> {
  return await sql.begin(async (tx) => {
    const [person] = await tx<Omit<DueReport, 'next'>[]>`
      select id, username, email, tz, reports from users
      where is_active and reports <> 'off' and next_report_at < ${now}
      order by next_report_at, id limit 1 for no key update skip locked`;
    if (!person) return null;
    const tz = zoneOf(person.tz);
    const next = nextDate(person.reports, now, tz);
    await tx`update users set next_report_at = ${next} where id = ${person.id}`;
    return { ...person, tz, next };
  });
}

/** Takes one reminder that is due, and moves its date on; null: none is (K4). */
export async function takeReminder(sql: Sql, now: Instant): Promise<DueReminder | null> {
  const [person] = await sql<DueReminder[]>`
    update users set next_nag_at = ${now}::timestamptz + nag_period * interval '1 second'
    where id = (
      select id from users where is_active and nag_period <> 0 and next_nag_at < ${now}
      order by next_nag_at, id limit 1 for no key update skip locked)
    returning id, username, email, tz, nag_period as "nagPeriod", next_nag_at as next`;
  return person ? { ...person, tz: zoneOf(person.tz) } : null;
}

/** Nothing is down: reminders begin again with the next check that goes down. */
export async function stopReminders(sql: Sql, { id, next }: Due): Promise<void> {
  await sql`update users set next_nag_at = null where id = ${id} and next_nag_at = ${next}`;
}

/** The mail server could not take it: it is due again soon, unless the settings have been changed since. */
export async function postpone(sql: Sql, kind: 'report' | 'reminder', due: Due, now: Instant): Promise<void> {
  const column = sql(kind === 'report' ? 'next_report_at' : 'next_nag_at');
  await sql`update users set ${column} = ${now + TRY_AGAIN_MS} where id = ${due.id} and ${column} = ${due.next}`;
}

function nextDate(reports: DueReport['reports'], now: Instant, tz: string): Instant {
  return nextReportAt(reports, now, zoneOf(tz), Math.random())!;
}

/** A zone that the tz database does not know any more must not keep the others' mails back. */
function zoneOf(tz: string): string {
  return canonicalZone(tz) ?? 'UTC';
}
