import type { Instant, Sql } from '@overdue/database';
import { type NagPeriod, nextReportAt, type Reports } from '@overdue/operations';
import { canonicalZone, Zone } from '@overdue/schedules';

/** Somebody whose mail is due, and has been taken by this process: nobody else sends it. */
interface Taken {
  readonly id: number;
  readonly username: string;
  readonly email: string;
  readonly tz: string;
  /** When it was taken. */
  readonly at: Instant;
  /** When the next one is due. */
  readonly next: Instant;
}

export interface DueReport extends Taken {
  readonly kind: 'report';
  readonly reports: Exclude<Reports, 'off'>;
}

export interface DueReminder extends Taken {
  readonly kind: 'reminder';
  readonly nagPeriod: Exclude<NagPeriod, 0>;
}

export type Due = DueReport | DueReminder;

/** After a mail was not delivered, in milliseconds. */
const TRY_AGAIN_MS = 10 * 60_000;

/**
 * Gives a first date to those who have none: a report only comes when one was due (status-and-alerting.md K2). Likewise to
 * those whose date is further away than any can be, as after a clock that was wrong for a while.
 */
export async function scheduleReports(sql: Sql, now: Instant): Promise<void> {
  const unscheduled = sql`(next_report_at is null or next_report_at > ${now}::timestamptz
    + case reports when 'daily' then interval '2 days' when 'weekly' then '8 days' else '32 days' end)`;
  const people = await sql<Pick<DueReport, 'id' | 'tz' | 'reports'>[]>`
    select id, tz, reports from users where is_active and reports <> 'off' and ${unscheduled}`;
  for (const { id, tz, reports } of people) {
    await sql`
      update users set next_report_at = ${nextDate(reports, now, tz)}
      where id = ${id} and reports = ${reports} and ${unscheduled}`;
  }
}

/** Takes one report that is due, and moves its date on; null: none is. */
export async function takeReport(sql: Sql, now: Instant): Promise<DueReport | null> {
  return await sql.begin(async (tx) => {
    const [person] = await tx<Pick<DueReport, 'id' | 'username' | 'email' | 'tz' | 'reports'>[]>`
      select id, username, email, tz, reports from users
      where is_active and reports <> 'off' and next_report_at < ${now}
      order by next_report_at, id limit 1 for no key update skip locked`;
    if (!person) return null;
    const next = nextDate(person.reports, now, person.tz);
    await tx`update users set next_report_at = ${next} where id = ${person.id}`;
    return { ...person, kind: 'report', tz: zoneOf(person.tz), at: now, next };
  });
}

/**
 * Brings dates of reminders back that are further away than any can be, as after a clock that was wrong for a while. Not
 * those within a day: who changes from daily to hourly keeps the date (G4).
 */
export async function scheduleReminders(sql: Sql, now: Instant): Promise<void> {
  await sql`
    update users set next_nag_at = ${now}::timestamptz + nag_period * interval '1 second'
    where nag_period <> 0 and next_nag_at > ${now}::timestamptz + interval '1 day'`;
}

/** Takes one reminder that is due, and moves its date on; null: none is (K4). */
export async function takeReminder(sql: Sql, now: Instant): Promise<DueReminder | null> {
  const [person] = await sql<Omit<DueReminder, 'kind' | 'at'>[]>`
    update users set next_nag_at = ${now}::timestamptz + nag_period * interval '1 second'
    where id = (
      select id from users where is_active and nag_period <> 0 and next_nag_at < ${now}
      order by next_nag_at, id limit 1 for no key update skip locked)
    returning id, username, email, tz, nag_period as "nagPeriod", next_nag_at as next`;
  return person ? { ...person, kind: 'reminder', tz: zoneOf(person.tz), at: now } : null;
}

/** Nothing is down: reminders begin again with the next check that goes down. */
export async function stopReminders(sql: Sql, { id, next }: DueReminder): Promise<void> {
  await sql`update users set next_nag_at = null where id = ${id} and next_nag_at = ${next}`;
}

/**
 * Left part of the mail's Message-ID. It is the same however often the mail is tried again, so that one which was taken
 * after all, though the answer never came, is known to the receiver.
 */
export function mailId(due: Due): string {
  return `${due.kind}-${due.username}-${spanOf(due, due.at)}`;
}

/**
 * It was not delivered, and is due again soon; unless the settings have been changed since, or the time is over in which
 * it would be the same mail: then it is left out, and the next one comes when that is due.
 */
export async function postpone(sql: Sql, due: Due, now: Instant): Promise<void> {
  const again = now + TRY_AGAIN_MS;
  if (spanOf(due, again) !== spanOf(due, due.at)) return;
  const column = sql(due.kind === 'report' ? 'next_report_at' : 'next_nag_at');
  await sql`update users set ${column} = ${again} where id = ${due.id} and ${column} = ${due.next}`;
}

/** For how long those have been due that have been due for longest, in seconds; 0 when nothing is. */
export async function longestDue(sql: Sql, now: Instant): Promise<Record<Due['kind'], number>> {
  const [row] = await sql<{ report: Instant | null; reminder: Instant | null }[]>`
    select min(next_report_at) filter (where reports <> 'off') as report,
      min(next_nag_at) filter (where nag_period <> 0) as reminder
    from users where is_active`;
  const seconds = (due: Instant | null) => (due === null ? 0 : Math.max(0, (now - due) / 1000));
  return { report: seconds(row!.report), reminder: seconds(row!.reminder) };
}

/**
 * The time in which a mail stays the same: a report the reader's day, a reminder the hour or day. That in UTC, where a day
 * always has 24 hours and two reminders never the same one.
 */
function spanOf(due: Due, at: Instant): string {
  if (due.kind === 'reminder') return new Date(at).toISOString().slice(0, due.nagPeriod === 3600 ? 13 : 10);
  const offset = Zone.named(due.tz).offsetAt(Math.floor(at / 1000));
  return new Date(at + offset * 1000).toISOString().slice(0, 10);
}

function nextDate(reports: DueReport['reports'], now: Instant, tz: string): Instant {
  return nextReportAt(reports, now, tz, Math.random())!;
}

/** A zone that the tz database does not know any more must not keep the others' mails back. */
function zoneOf(tz: string): string {
  return canonicalZone(tz) ?? 'UTC';
}
