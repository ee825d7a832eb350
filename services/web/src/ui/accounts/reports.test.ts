import { bootstrap } from '@overdue/accounts';
import { VirtualClock } from '@overdue/clock';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { reportsUnsubscribeLink } from '@overdue/notifications';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SECRET_KEY, startTestSite, type TestSite, type Visitor } from '../../testing.ts';

const NOW = Date.parse('2020-01-15T12:00:00Z');
const HOUR = 3_600_000;
const ACCOUNT = { email: 'ops@example.org', password: 'correct horse battery' };
const PAGE = '/accounts/profile/notifications/';

let database: TestDatabase;
let site: TestSite;
let visitor: Visitor;
beforeAll(async () => {
  database = await createTestDatabase();
  site = await startTestSite(database, { clock: new VirtualClock(NOW) });
  await bootstrap(database, SECRET_KEY, ACCOUNT);
  await database.sql`update users set tz = 'Europe/Riga'`;
  visitor = site.visitor();
  await visitor.signIn(ACCOUNT.email, ACCOUNT.password);
});
afterAll(async () => {
  expect(site.errors).toEqual([]);
  await site.close();
  await database.drop();
});
beforeEach(async () => {
  await database.sql`delete from checks`;
  await database.sql`
    update users set reports = 'monthly', nag_period = 0, next_report_at = ${NOW + HOUR}, next_nag_at = null`;
});

const save = (fields: Record<string, string>) => visitor.submit('/accounts/profile/', fields, PAGE);
const stored = async () => {
  const [row] = await database.sql`select reports, nag_period, next_report_at, next_nag_at from users`;
  return row!;
};
const aCheck = (status: string) =>
  database.sql`insert into checks (project_id, status) select id, ${status} from projects limit 1`;

describe('the settings of reports', () => {
  it('are a panel of the account, where mails lead to', async () => {
    expect((await visitor.get(PAGE)).location).toBe('/accounts/profile/#h-reports');
    expect((await visitor.get('/accounts/profile/')).text).toContain('The next one: Wed, 15 Jan 2020, 15:00');
    const login = (await site.visitor().get(PAGE)).location!;
    expect(login).toBe(`/accounts/login/?next=${encodeURIComponent(PAGE)}`);
    const fields = { ...ACCOUNT, next: PAGE };
    expect((await site.visitor().submit(login, fields, '/accounts/login/')).location).toBe(PAGE);
  });

  it.each([
    // Mornings in Riga, two hours east of UTC.
    ['daily', '2020-01-16T07:00Z'],
    ['weekly', '2020-01-20T07:00Z'],
    ['monthly', '2020-02-01T07:00Z'],
    ['off', null],
  ])('%s: the next is chosen anew (PR-1)', async (reports, first) => {
    expect((await save({ reports, nag_period: '0' })).status).toBe(303);
    const { next_report_at, ...rest } = await stored();
    expect(rest).toEqual({ reports, nag_period: 0, next_nag_at: null });
    if (first === null) return expect(next_report_at).toBeNull();
    expect(next_report_at).toBeGreaterThanOrEqual(Date.parse(first));
    expect(next_report_at).toBeLessThan(Date.parse(first) + 2 * HOUR);
  });

  it.each([
    ['something is down', 'down', null, NOW + HOUR],
    ['a reminder is due already', 'down', NOW + 5, NOW + 5],
    ['nothing is down', 'up', NOW + 5, null],
  ])('reminders when %s (PR-3)', async (_when, status, before, after) => {
    await aCheck(status);
    await database.sql`update users set next_nag_at = ${before}`;
    await save({ reports: 'off', nag_period: '3600' });
    expect(await stored()).toMatchObject({ nag_period: 3600, next_nag_at: after });
    await save({ reports: 'off', nag_period: '0' });
    expect(await stored()).toMatchObject({ nag_period: 0, next_nag_at: null });
  });

  it('go by UTC where the stored time zone is no more', async () => {
    await database.sql`update users set tz = 'Mars/Base'`;
    expect((await visitor.get('/accounts/profile/')).text).toContain('The next one: Wed, 15 Jan 2020, 13:00');
    expect((await save({ reports: 'daily', nag_period: '0' })).status).toBe(303);
    await database.sql`update users set tz = 'Europe/Riga'`;
    expect((await stored()).next_report_at).toBeGreaterThanOrEqual(Date.parse('2020-01-16T09:00Z'));
  });

  it.each([
    { reports: 'hourly', nag_period: '0' },
    { reports: 'weekly', nag_period: '60' },
    { reports: 'weekly' },
    { nag_period: '0' },
  ])('refuse %j as a whole', async (fields) => {
    const before = await stored();
    expect((await save(fields as Record<string, string>)).status).toBe(400);
    expect(await stored()).toEqual(before);
  });
});

describe('the link in reports', () => {
  const link = async (age = 0) => {
    const [user] = await database.sql<{ username: string }[]>`select username from users`;
    return reportsUnsubscribeLink('', SECRET_KEY, user!.username, NOW - age);
  };

  it('asks, and ends reports and reminders, without a session', async () => {
    await database.sql`update users set nag_period = 3600, next_nag_at = ${NOW}`;
    const page = await site.visitor().get(await link());
    expect(page.status).toBe(200);
    expect(page.text).not.toContain('data-sends-itself');
    expect(await stored()).toMatchObject({ reports: 'monthly' });
    for (const _again of [1, 2]) {
      expect((await site.visitor().post(await link(), { 'List-Unsubscribe': 'One-Click' })).status).toBe(200);
      expect(await stored()).toEqual({ reports: 'off', nag_period: 0, next_report_at: null, next_nag_at: null });
    }
  });

  it('sends itself when it is old, and never expires (UN-2)', async () => {
    expect((await site.visitor().get(await link(301_000))).text).toContain('data-sends-itself');
    expect((await site.visitor().post(await link(3 * 365 * 24 * HOUR))).status).toBe(200);
    expect(await stored()).toMatchObject({ reports: 'off' });
  });

  it('that was forged does nothing; that of an account that is gone says the same as ever (UN-4)', async () => {
    const forged = (await link()).replace(/.\/$/, (end) => (end === '0/' ? '1/' : '0/'));
    for (const bad of [forged, '/accounts/unsubscribe_reports/x/']) {
      expect((await site.visitor().get(bad)).status).toBe(400);
      expect((await site.visitor().post(bad)).status).toBe(400);
    }
    expect(await stored()).toMatchObject({ reports: 'monthly' });
    expect((await site.visitor().post(reportsUnsubscribeLink('', SECRET_KEY, 'nobody', NOW))).status).toBe(200);
  });
});
