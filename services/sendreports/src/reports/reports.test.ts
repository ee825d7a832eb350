import { VirtualClock } from '@overdue/clock';
import type { Sql } from '@overdue/database';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { type Mail, openBounceId, openReportsUnsubscribe, type TransportResult } from '@overdue/notifications';
import { nextReportAt } from '@overdue/operations';
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { sendDue } from './send.ts';

const SECRET_KEY = 'a secret key that only tests use, of some length';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A Monday morning: still Sunday in New York. */
const NOW = Date.parse('2020-01-13T02:00:00Z');

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

let mails: Mail[];
let pauses: number[];
let answer: TransportResult;
/** The next statements like it fail. */
let fault: { statement: RegExp; code: string; times: number };
beforeEach(async () => {
  mails = [];
  pauses = [];
  answer = { result: 'sent', answer: 'OK' };
  fault = { statement: /^$/, code: '', times: 0 };
  await database.sql`delete from users`;
});

/** What sendreports does in one minute, at `now`; the pauses between mails take no time. */
async function pass(now: number = NOW): Promise<void> {
  const sleep = async (delay: number) => void pauses.push(delay);
  await sendDue(
    {
      sql: faulty(database.sql),
      clock: Object.assign(new VirtualClock(now), { sleep }),
      mailer: {
        async send(mail) {
          mails.push(mail);
          return answer;
        },
      },
      site: { siteName: 'Watch', siteRoot: 'https://watch.example' },
      secretKey: SECRET_KEY,
      logger: { warn() {} },
      sent() {},
    },
    new AbortController().signal,
  );
}

function faulty(sql: Sql): Sql {
  return new Proxy(sql, {
    apply(target, self, args: [TemplateStringsArray]) {
      const statement = Array.isArray(args[0]) ? args[0].join('?') : '';
      if (!fault.statement.test(statement) || fault.times-- <= 0) return Reflect.apply(target, self, args);
      return Promise.reject(Object.assign(new Error('fault'), { code: fault.code }));
    },
  });
}

interface Person {
  email?: string;
  tz?: string;
  reports?: string;
  next_report_at?: number | null;
  nag_period?: number;
  next_nag_at?: number | null;
  is_active?: boolean;
}

async function person(fields: Person = {}): Promise<{ id: number; username: string; project: number }> {
  const { db } = database;
  const username = crypto.randomUUID().slice(0, 30);
  const user = await db
    .insertInto('users')
    .values({
      username,
      email: 'ops@example.org',
      reports: 'off',
      ...fields,
    } as never)
    .returning('id')
    .executeTakeFirstOrThrow();
  return { id: user.id, username, project: await projectOf(user.id, 'Backups') };
}

async function projectOf(owner_id: number, name: string): Promise<number> {
  const row = await database.db
    .insertInto('projects')
    .values({ owner_id, name, badge_key: crypto.randomUUID() })
    .returning('id')
    .executeTakeFirstOrThrow();
  return row.id;
}

async function check(project_id: number, fields: Record<string, unknown> = {}): Promise<number> {
  const row = await database.db
    .insertInto('checks')
    .values({
      project_id,
      status: 'up',
      timeout: 31_536_000,
      last_ping: NOW - HOUR,
      created_at: NOW - 300 * DAY,
      ...fields,
    } as never)
    .returning('id')
    .executeTakeFirstOrThrow();
  return row.id;
}

async function down(checkId: number, from: string, until: string): Promise<void> {
  const [start, end] = [Date.parse(from), Date.parse(until)];
  await database.sql`
    insert into flips (check_id, created_at, old_status, new_status)
    values (${checkId}, ${start}, 'up', 'down'), (${checkId}, ${end}, 'down', 'up')`;
}

const dates = async (id: number) => {
  const [row] = await database.sql`
    select reports, nag_period, next_report_at, next_nag_at from users where id = ${id}`;
  return row!;
};

const weekly = { reports: 'weekly', next_report_at: NOW - 1 };
const hourly = { nag_period: 3600, next_nag_at: NOW - 1 };

describe('a report', () => {
  it('is first given a date, and not sent (K2)', async () => {
    const { id, project } = await person({ reports: 'monthly', tz: 'Europe/Riga' });
    await check(project);
    await pass();
    expect(mails).toEqual([]);
    const { next_report_at } = await dates(id);
    // Between 09:00 and 10:59 in Riga.
    expect(next_report_at).toBeGreaterThanOrEqual(Date.parse('2020-02-01T07:00Z'));
    expect(next_report_at).toBeLessThanOrEqual(Date.parse('2020-02-01T08:59Z'));
  });

  it.each([
    ['weekly', 'America/New_York', 'Dec 23 - Dec 29', 'Dec 30 - Jan 5', 'Last week (December 30 to January 5), '],
    ['weekly', 'Asia/Tokyo', 'Dec 30 - Jan 5', 'Jan 6 - Jan 12', 'Last week (January 6 to January 12), '],
    ['monthly', 'UTC', 'Nov. 2019', 'Dec. 2019', 'In December, '],
    ['daily', 'UTC', 'January 11', 'January 12', 'Yesterday (January 12), '],
  ])('%s in %s covers the two last complete periods', async (reports, tz, older, latest, when) => {
    const { project } = await person({ ...weekly, reports, tz });
    await check(project, { name: 'nightly' });
    await pass();
    expect(mails).toHaveLength(1);
    const [mail] = mails;
    expect(mail).toMatchObject({
      to: 'ops@example.org',
      subject: `${reports[0]!.toUpperCase()}${reports.slice(1)} Report`,
    });
    for (const text of [mail!.text, mail!.html])
      for (const words of [older, latest, when]) expect(text).toContain(words);
    expect(mail!.text).toContain(`Name     ${older}  ${latest}\n`);
    expect(mail!.text).toContain('no check was down.');
  });

  it('tells of all checks of own and joined projects, the worst first, and of no UUID', async () => {
    const reader = await person({ ...weekly, email: 'reader@example.org' });
    const other = await person();
    const joined = await projectOf(other.id, '');
    await projectOf(other.id, 'not joined');
    await database.sql`insert into members (user_id, project_id, role) values (${reader.id}, ${joined}, 'r')`;
    await check(reader.project, { name: 'web-10' });
    await check(reader.project, { name: 'web-9', tags: 'prod <b>' });
    const worst = await check(reader.project, { name: 'zz', status: 'down' });
    await check(reader.project, { status: 'new', last_ping: null, created_at: NOW - DAY });
    await check(joined, { name: 'joined', status: 'paused' });
    await check(other.project, { name: 'foreign' });
    await down(worst, '2020-01-07T00:00Z', '2020-01-07T01:02Z');
    await down(worst, '2020-01-08T00:00Z', '2020-01-08T00:05Z');
    await database.sql`
      insert into flips (check_id, created_at, old_status, new_status) values (${worst}, ${NOW - HOUR}, 'up', 'down')`;
    await pass();
    const { text, html } = mails[0]!;
    const order = ['ops@example.org', 'joined', 'Backups', 'zz', 'unnamed', 'web-9', 'web-10'];
    expect(order.toSorted((a, b) => text.indexOf(a) - text.indexOf(b))).toEqual(order);
    expect(text).toContain('1 check had 2 downtimes.');
    expect(text).toMatch(/DOWN {4}zz {7}All good {8}2 downtimes, 1 h 7 min total/);
    expect(text).toMatch(/^new {5}unnamed {18}All good$/m);
    expect(text).toMatch(/^paused {2}joined/m);
    expect(html).toContain('&lt;b>');
    for (const body of [text, html]) {
      expect(body).not.toContain('foreign');
      expect(body).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/);
    }
  });

  it('is sent once, and the next one has a date (K3)', async () => {
    const { id, project } = await person(weekly);
    await check(project);
    await pass();
    await pass();
    expect(mails).toHaveLength(1);
    expect((await dates(id)).next_report_at).toBeGreaterThanOrEqual(Date.parse('2020-01-20T09:00Z'));
    expect((await dates(id)).next_report_at).toBeLessThan(Date.parse('2020-01-20T11:00Z'));
  });

  it.each([
    ['nothing was pinged for 180 days (K6)', {}, { last_ping: NOW - 181 * DAY }],
    ['nothing was ever pinged', {}, { last_ping: null, status: 'new' }],
  ])('is not sent when %s; its date moves on', async (_why, fields, checkFields) => {
    const { id, project } = await person({ ...weekly, ...fields });
    await check(project, checkFields);
    await pass();
    expect(mails).toEqual([]);
    expect((await dates(id)).next_report_at).toBeGreaterThan(NOW);
  });

  it('is not sent to an account that is switched off', async () => {
    const { project } = await person({ ...weekly, is_active: false });
    await check(project);
    await pass();
    expect(mails).toEqual([]);
  });

  it('of a zone that is no more goes by UTC, and holds nobody up', async () => {
    await check((await person({ ...weekly, tz: 'Mars/Base' })).project);
    await check((await person({ ...weekly, email: 'second@example.org' })).project);
    await pass();
    expect(mails.map(({ to }) => to)).toEqual(['ops@example.org', 'second@example.org']);
    expect(nextReportAt('daily', NOW, 'Mars/Base', 0)).toBe(Date.parse('2020-01-14T09:00Z'));
  });

  it('carries links that end it, for people, mail programs and bounces', async () => {
    const { username, project } = await person(weekly);
    await check(project);
    await pass();
    const [mail] = mails;
    expect(mail!.headers!['List-Unsubscribe-Post']).toBe('List-Unsubscribe=One-Click');
    const [, link, signed] = /^<(https:\/\/watch\.example\/accounts\/unsubscribe_reports\/(.+)\/)>$/.exec(
      mail!.headers!['List-Unsubscribe']!,
    )!;
    expect(openReportsUnsubscribe(SECRET_KEY, signed!)).toMatchObject({ username });
    expect(openReportsUnsubscribe('another', signed!)).toBeNull();
    expect(mail!.text).toContain(link);
    expect(mail!.html).toContain(link);
    expect(openBounceId(SECRET_KEY, mail!.bounceId!, NOW)).toMatchObject({ type: 'r', id: username });
  });

  it.each([
    ['this mail', false, ['Weekly Report', 'Weekly Report', 'Reminder: 1 check still down']],
    ['any', true, ['Weekly Report', 'Reminder: 1 check still down']],
  ])('is tried again soon when the mail server does not take %s', async (_what, unreachable, tried) => {
    const { id, project } = await person(weekly);
    await check(project);
    const second = await person({ ...weekly, ...hourly, email: 'second@example.org' });
    await check(second.project, { status: 'down' });
    answer = { result: 'retry', error: 'away', unreachable };
    await pass();
    expect(mails.map(({ subject }) => subject)).toEqual(tried);
    expect(await dates(id)).toMatchObject({ next_report_at: NOW + 10 * MINUTE });
    expect(await dates(second.id)).toMatchObject({ next_nag_at: NOW + 10 * MINUTE });
    answer = { result: 'sent', answer: 'OK' };
    mails = [];
    await pass(NOW + 11 * MINUTE);
    expect(mails).toHaveLength(3);
  });

  it('is tried again with the same id, and on its day only', async () => {
    const morning = Date.parse('2020-01-13T07:30Z');
    const tz = 'Europe/Riga';
    const { id, username, project } = await person({ ...weekly, tz, next_report_at: morning - 1 });
    await check(project);
    answer = { result: 'retry', error: 'later' };
    for (let n = 0; n < 10; n++) await pass(morning + n * 11 * MINUTE);
    expect(mails.map((mail) => mail.id)).toEqual(Array(10).fill(`report-${username}-2020-01-13`));
    // Two hours earlier than in UTC, the day is over within ten minutes.
    await pass(Date.parse('2020-01-13T21:51Z'));
    expect(mails).toHaveLength(11);
    expect((await dates(id)).next_report_at).toBeGreaterThanOrEqual(Date.parse('2020-01-20T07:00Z'));
    await pass(Date.parse('2020-01-14T07:30Z'));
    expect(mails).toHaveLength(11);
  });

  it.each([
    ['that cannot be written', { statement: /from checks c/, code: '22012', times: 1 }, []],
    [
      'when the database goes away meanwhile',
      { statement: /from checks c|update users set \?/, code: '57P01', times: 3 },
      [3000, 3000],
    ],
  ])('%s is tried again soon, and holds nobody up', async (_why, trouble, waits) => {
    const { id, project } = await person(weekly);
    await check(project);
    await check((await person({ ...weekly, email: 'second@example.org' })).project);
    fault = trouble;
    await pass();
    expect(mails.map(({ to }) => to)).toEqual(['second@example.org']);
    expect(pauses.slice(0, -2)).toEqual(waits);
    expect((await dates(id)).next_report_at).toBe(NOW + 10 * MINUTE);
  });

  it.each([
    [true, { reports: 'off', next_report_at: null, nag_period: 0, next_nag_at: null }],
    [false, { reports: 'weekly' }],
  ])('that is refused because there is no such mailbox (%s) is the last', async (disable, left) => {
    const { id, project } = await person({ ...weekly, nag_period: 3600 });
    await check(project);
    answer = { result: 'failed', error: 'no', disable };
    await pass();
    expect(await dates(id)).toMatchObject(left);
  });
});

describe('a reminder', () => {
  it.each([
    [3600, 'hourly'],
    [86_400, 'daily'],
  ])('of %d s lists what is down, and comes again', async (nag_period, word) => {
    const { id, project } = await person({ ...hourly, nag_period });
    await check(project, { name: 'fine' });
    await check(project, { name: 'b', status: 'down', last_ping: NOW - 26 * HOUR });
    await pass();
    expect(mails[0]).toMatchObject({ subject: 'Reminder: 1 check still down' });
    expect(mails[0]!.text).toContain(word);
    expect(mails[0]!.text).toMatch(/^DOWN {4}b {5}1 day, 2 hours ago$/m);
    expect(mails[0]!.text).not.toContain('fine');
    expect((await dates(id)).next_nag_at).toBe(NOW + nag_period * 1000);
    await check(project, { name: 'never', status: 'down', last_ping: null });
    await pass(NOW + nag_period * 1000 + 1);
    expect(mails[1]).toMatchObject({ subject: 'Reminder: 2 checks still down' });
    expect(mails[1]!.text).toMatch(/never {2}Never$/m);
  });

  it.each([
    ['nothing is down', { status: 'up' }],
    ['what is down was not pinged for 180 days', { status: 'down', last_ping: NOW - 181 * DAY }],
  ])('is not sent when %s, and is due no more (K4)', async (_why, fields) => {
    const { id, project } = await person(hourly);
    await check(project, fields);
    await pass();
    expect(mails).toEqual([]);
    expect(await dates(id)).toMatchObject({ nag_period: 3600, next_nag_at: null });
  });

  it('is due one period after a check has gone down, by a ping or not, and not when it is up again (G3)', async () => {
    const { id, project } = await person({ nag_period: 3600 });
    const failed = await check(project, { status: 'down' });
    await pass();
    expect(mails).toEqual([]);
    expect((await dates(id)).next_nag_at).toBe(NOW + HOUR);
    await database.sql`update checks set status = 'up' where id = ${failed}`;
    await pass(NOW + 1000);
    expect((await dates(id)).next_nag_at).toBeNull();
    await database.sql`update checks set status = 'down' where id = ${failed}`;
    await database.sql`update users set next_nag_at = ${NOW + 300 * DAY}`;
    await pass();
    expect((await dates(id)).next_nag_at).toBe(NOW + HOUR);
  });

  it.each([
    [3600, '2020-01-13T02', '2020-01-13T02:51Z'],
    [86_400, '2020-01-13', '2020-01-13T23:51Z'],
  ])('of %d s is tried again with the same id until the next is another', async (nag_period, when, last) => {
    const { id, username, project } = await person({ ...hourly, nag_period });
    await check(project, { status: 'down' });
    answer = { result: 'retry', error: 'later' };
    for (const at of [NOW, NOW + 11 * MINUTE, Date.parse(last)]) await pass(at);
    expect(mails.map((mail) => mail.id)).toEqual(Array(3).fill(`reminder-${username}-${when}`));
    expect((await dates(id)).next_nag_at).toBe(Date.parse(last) + nag_period * 1000);
  });

  test('and a report that are due together are two mails, of one process only (K5)', async () => {
    const { project } = await person({ ...weekly, ...hourly });
    await check(project, { status: 'down' });
    await database.sql.begin(async (another) => {
      // Another process is just taking them.
      await another`select 1 from users for no key update`;
      await pass();
    });
    expect(mails).toEqual([]);
    await pass();
    expect(mails.map(({ subject }) => subject)).toEqual(['Weekly Report', 'Reminder: 1 check still down']);
    expect(pauses).toEqual([3000, 3000]);
  });
});
