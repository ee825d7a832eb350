import { randomUUID } from 'node:crypto';
import { bootstrap } from '@overdue/accounts';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SECRET_KEY, startTestSite, type TestSite, type Visitor } from '../../testing.ts';

const START = Date.parse('2026-11-20T10:00:00Z');
let database: TestDatabase;
let site: TestSite;
let visitor: Visitor;
let check: { id: number; code: string };

beforeAll(async () => {
  database = await createTestDatabase();
  site = await startTestSite(database);
  const account = { email: 'ops@example.org', password: 'correct horse battery' };
  const made = await bootstrap(database, SECRET_KEY, account);
  visitor = site.visitor();
  await visitor.signIn(account.email, account.password);
  const [row] = await database.sql<{ id: number; code: string }[]>`
    insert into checks (project_id, name, status, n_pings, created_at)
    select id, 'nightly', 'up', 5, ${START - 86_400_000} from projects where code = ${made.project.code} returning id, code`;
  check = row!;
  const rid = randomUUID();
  const pings: [kind: string, minute: number, rid: string | null, exit: number | null, body: string | null][] = [
    ['start', 0, rid, null, null],
    ['success', 5, rid, null, 'all <b>fine</b>'],
    ['fail', 10, null, 137, null],
    ['log', 15, null, null, 'x'],
    ['ign', 20, null, 1, null],
  ];
  for (const [i, [kind, minute, runId, exit, body]] of pings.entries()) {
    await database.sql`
      insert into pings (check_id, n, id, created_at, kind, scheme, method, remote_addr, ua, rid, exit_status, body)
      values (${check.id}, ${i + 1}, ${randomUUID()}, ${START + minute * 60_000}, ${kind}, 'https', 'POST', '203.0.113.7',
              'curl/8', ${runId}, ${exit}, ${body === null ? null : Buffer.from(body)})`;
  }
  const [flip] = await database.sql<{ id: number }[]>`
    insert into flips (check_id, created_at, old_status, new_status, reason)
    values (${check.id}, ${START + 600_000}, 'up', 'down', 'fail') returning id`;
  await database.sql`
    insert into notifications (flip_id, check_id, channel_id, check_status, created_at, state, attempts, error)
    select ${flip!.id}, ${check.id}, id, 'down', ${START + 601_000}, 'failed', 3, 'Received status code 500'
    from channels limit 1`;
});
afterAll(async () => {
  expect(site.errors).toEqual([]);
  await site.close();
  await database.drop();
});

const labels = (html: string) => [...html.matchAll(/class="label label-\w+">([^<]+)</g)].map((m) => m[1]);
const log = (query = '') => visitor.get(`/checks/${check.code}/log/${query}`);

describe('the log', () => {
  it('shows pings, status changes and alerts, newest first, a change above the ping that caused it', async () => {
    const { text } = await log();
    expect(labels(text)).toEqual(['Ignored', 'Log', 'Status 137', 'OK', 'Started']);
    const order = ['#4<', 'Received status code 500', '<strong>down</strong>', '#3<', '#2<'];
    const places = order.map((part) => text.indexOf(part));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(text).toContain('5 min 0 sec');
    expect(text).toContain('all &lt;b>fine&lt;/b>');
  });

  it('filters by kind, keeps the filter in the address, and pages back in time', async () => {
    expect(labels((await log('?show=success&show=none')).text)).toEqual(['OK']);
    expect(labels((await log('?show=none')).text)).toEqual([]);
    expect(labels((await log(`?until=${START + 300_000}`)).text)).toEqual(['OK', 'Started']);
    for (const until of ['abc', '8640000000000000', '253402300799000', '-5']) {
      expect([until, (await log(`?until=${until}`)).status]).toEqual([until, 200]);
    }
  });

  it('shows times in the zone that was chosen', async () => {
    await database.sql`update users set tz = 'Europe/Riga'`;
    expect((await log('?zone=Europe/Riga')).text).toContain('12:20:00');
    expect((await log('?zone=UTC')).text).toContain('10:20:00');
    expect((await log('?zone=Mars/Base')).status).toBe(200);
  });
});

describe('our own outages', () => {
  it('are in the log of a check that they excuse, and can be left out', async () => {
    const MINUTE = 60_000;
    const DAY = 86_400_000;
    const [row] = await database.sql<{ code: string }[]>`
      insert into checks (project_id, name, status, timeout, grace, created_at)
      select project_id, 'excused', 'up', 3600, 300, ${START - DAY} from checks where id = ${check.id} returning code`;
    const ping = (n: number, at: number, kind = 'success') => database.sql`
      insert into pings (check_id, n, id, created_at, kind, scheme, method)
      select id, ${n}, gen_random_uuid(), ${at}, ${kind}, 'http', 'GET' from checks where code = ${row!.code}`;
    const gap = (from: number, until: number) =>
      database.sql`insert into gaps (from_at, until_at) values (${from}, ${until})`;
    await ping(1, START);
    // Before there was anything to await, between pings, and taken back.
    await gap(START - 3 * DAY, START - 2 * DAY);
    await gap(START - 20 * MINUTE, START - 3 * MINUTE);
    await gap(START + 5 * MINUTE, START + 12 * MINUTE);
    await gap(START + 62 * MINUTE, START + 62 * MINUTE);
    // When the ping is due.
    await gap(START + 61 * MINUTE, START + 63 * MINUTE);
    await ping(2, START + 64 * MINUTE);
    // While a run goes on that began in time; and while the check is down.
    await ping(3, START + 100 * MINUTE, 'start');
    await gap(START + 101 * MINUTE, START + 105 * MINUTE);
    await ping(4, START + 106 * MINUTE, 'fail');
    await gap(START + 160 * MINUTE, START + 180 * MINUTE);

    const { text } = await visitor.get(`/checks/${row!.code}/log/`);
    const shown = [...text.matchAll(/may have missed pings for ([^;]+);/g)].map((match) => match[1]);
    expect(shown).toEqual(['4 minutes, 0 seconds', '2 minutes, 0 seconds']);
    expect((await visitor.get(`/checks/${row!.code}/log/?show=flip`)).text).not.toContain('may have missed');
    // Another check awaited nothing at those times.
    expect((await log()).text).not.toContain('may have missed');
  });
});

describe('why', () => {
  it('is told for any moment, in the zone of the person', async () => {
    await database.sql`update users set tz = 'Europe/Riga'`;
    const why = (query: string) => visitor.get(`/checks/${check.code}/explain/${query}`);
    const { text } = await why('?when=2026-11-20T12:12');
    expect(text).toContain('At Fri <span class="nowrap">2026-11-20</span> 12:12:00 EET its status was down.');
    expect(text).toContain('value="2026-11-20T12:12:00"');
    expect((await why(`?at=${START + 720_000}`)).text).toContain('value="2026-11-20T12:12:00"');
    for (const query of [
      '?when=yesterday',
      '?at=x',
      '?at=-1',
      '?when=2026-13-45T99:99',
      '?at=8640000000000000',
      '?at=253402300799000',
      '?at=0',
      '?when=9999-12-31T23:59:59',
    ]) {
      expect((await why(query)).status).toBe(200);
    }
  });
});

describe('a ping', () => {
  it('tells all that is known', async () => {
    const { text } = await visitor.get(`/checks/${check.code}/pings/2/`);
    for (const part of ['Ping #2', 'HTTPS POST from 203.0.113.7', '5 min 0 sec', 'all &lt;b>fine&lt;/b>']) {
      expect(text).toContain(part);
    }
  });

  it('gives its body as it came, as a file', async () => {
    const { text, headers } = await visitor.get(`/checks/${check.code}/pings/2/body/`);
    expect(text).toBe('all <b>fine</b>');
    expect(headers.get('content-disposition')).toBe(`attachment; filename="${check.code}-2.txt"`);
    expect(headers.get('content-type')).toContain('text/plain');
    expect((await visitor.get(`/checks/${check.code}/pings/3/body/`)).status).toBe(404);
    expect((await visitor.get(`/checks/${check.code}/pings/99/`)).status).toBe(404);
    expect((await visitor.get(`/checks/${check.code}/pings/1e3/`)).status).toBe(404);
  });
});

describe('details', () => {
  it('show the downtime of three months', async () => {
    const { text } = await visitor.get(`/checks/${check.code}/details/`);
    expect(text.match(/class="uptime"/g)).toHaveLength(3);
  });
});
