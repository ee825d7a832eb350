import { randomUUID } from 'node:crypto';
import { connect } from '@overdue/database';
import { bounceId } from '@overdue/notifications';
import { beforeEach, describe, expect, test } from 'vitest';
import { addChannel, NOW, SECRET_KEY, startTestApi } from '../testing.ts';
import { UNKNOWN_UUID, useTestApi, useTestProject } from './setup.ts';

const context = useTestApi();
const project = useTestProject(context);
const VERSIONS = ['v1', 'v2', 'v3'];

describe('status (§11.1)', () => {
  async function instances(...services: string[]) {
    await context.database.sql`delete from instances`;
    for (const service of services) {
      await context.database.sql`
        insert into instances (id, service, host, pid, started_at) values (${randomUUID()}, ${service}, 'h', 1, now())`;
    }
  }
  test.each(VERSIONS)('%s: OK while all is well; HEAD too; no CORS', async (version) => {
    await instances('ingester', 'sendalerts');
    const reply = await context.api.call(`/api/${version}/status/`);
    expect([reply.status, reply.text]).toEqual([200, 'OK']);
    expect(reply.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(reply.headers.has('access-control-allow-origin')).toBe(false);
    const head = await context.api.call(`/api/${version}/status/`, { method: 'HEAD' });
    expect([head.status, head.text]).toEqual([200, '']);
    expect((await context.api.call(`/api/${version}/status/`, { method: 'POST' })).status).toBe(405);
  });
  test.each([
    [['ingester'], /^No sendalerts/],
    [['sendalerts', 'web'], /^No ingester/],
    [[], /No ingester.*\n.*No sendalerts/],
  ])('503 that names what is missing beside %j', async (services, text) => {
    await instances(...services);
    const reply = await context.api.call('/api/v3/status/');
    expect(reply.status).toBe(503);
    expect(reply.text).toMatch(text);
  });
  test('stopped or silent instances do not count', async () => {
    await instances('ingester', 'sendalerts');
    await context.database.sql`update instances set seen_at = now() - interval '1 minute' where service = 'ingester'`;
    await context.database.sql`update instances set stopped_at = now() where service = 'sendalerts'`;
    expect((await context.api.call('/api/v3/status/')).status).toBe(503);
  });
  test('one that was given up for dead and came back counts', async () => {
    await instances('ingester', 'sendalerts');
    await context.database
      .sql`update instances set stopped_at = now() - interval '2 seconds' where service = 'ingester'`;
    expect((await context.api.call('/api/v3/status/')).status).toBe(200);
  });
  describe('alerts have to be judged, up to half a minute ago', () => {
    /** @param seconds how far behind each sendalerts is; null: it has not judged yet */
    async function judged(startedAgo: number, ...seconds: (number | null)[]) {
      const { sql } = context.database;
      await instances('ingester');
      for (const behind of seconds) {
        await sql`
          insert into instances (id, service, host, pid, started_at, info)
          values (${randomUUID()}, 'sendalerts', 'h', 1, now() - ${startedAgo} * interval '1 second',
                  jsonb_build_object('judged_until', extract(epoch from now()) * 1000 - ${behind}::float8 * 1000))`;
      }
      const reply = await context.api.call('/api/v3/status/');
      return `${reply.status} ${reply.text}`;
    }
    test.each<[string, number, (number | null)[], RegExp]>([
      ['just now', 3600, [1], /^200 OK$/],
      ['a little behind', 3600, [20], /^200 OK$/],
      ['far behind', 3600, [300], /^503 Alerts are judged 30\d s behind\.\n$/],
      ['far behind, also by one that has started', 1, [300], /^503 Alerts are judged 30\d s behind/],
      ['one of two is not', 3600, [300, 1], /^200 OK$/],
      ['one of two has not begun', 3600, [null, 1], /^200 OK$/],
      ['not yet, it has just started', 1, [null], /^200 OK$/],
      ['not since it started', 3600, [null], /^503 Alerts are not being judged: /],
    ])('%s', async (_, startedAgo, behind, answer) => {
      expect(await judged(startedAgo, ...behind)).toMatch(answer);
    });
    test('without an ingester, that is what is said', async () => {
      await judged(3600, 300);
      await context.database.sql`delete from instances where service = 'ingester'`;
      expect((await context.api.call('/api/v3/status/')).text).toBe(
        'No ingester is running: pings are not being taken.\n',
      );
    });
    test('what a stopped or silent sendalerts had judged does not count', async () => {
      await judged(3600, 1, 300);
      await context.database.sql`
        update instances set seen_at = now() - interval '1 minute'
        where service = 'sendalerts' and (info ->> 'judged_until')::float8 > extract(epoch from now()) * 1000 - 60000`;
      expect((await context.api.call('/api/v3/status/')).text).toMatch(/^Alerts are judged/);
    });
  });
  test('503 without database', async () => {
    const target = { ...context.database.target, hosts: [{ host: '127.0.0.1', port: 1 }] };
    const away = connect({ target, applicationName: 'test' });
    const api = await startTestApi(away);
    const reply = await api.call('/api/v3/status/');
    expect([reply.status, reply.text]).toEqual([503, 'The database cannot be reached.\n']);
    const list = await api.call('/api/v3/checks/', { key: project.rw });
    expect([list.status, list.text]).toEqual([503, '{"error": "the database cannot be reached"}']);
    expect(list.headers.get('retry-after')).toBe('5');
    await api.close();
    await away.close(0);
  });
});

describe('metrics (§11.2, M-67)', () => {
  const get = (key: string | null, version = 'v3') =>
    context.api.call(`/api/${version}/metrics/`, { headers: key === null ? {} : { 'X-Metrics-Key': key } });
  test.each(VERSIONS)('%s', async (version) => {
    const reply = await get('metrics key', version);
    expect(reply.status).toBe(200);
    expect(reply.text).toMatch(
      /^\{"ts": 1795262400, "max_ping_id": null, "max_notification_id": null, "num_unprocessed_flips": 0\}$/,
    );
    expect(reply.headers.has('access-control-allow-origin')).toBe(false);
  });
  test.each([null, '', 'wrong', 'Metrics key', 'metrics keyx'])('key %j: 403 empty', async (key) => {
    const reply = await get(key);
    expect([reply.status, reply.text]).toEqual([403, '']);
  });
  test('API keys do not work', async () => {
    expect((await get(project.rw)).status).toBe(403);
    expect((await context.api.call('/api/v3/metrics/', { key: 'metrics key' })).status).toBe(403);
  });
  test('counts what is there', async () => {
    const { sql } = context.database;
    const channel = await addChannel(context.database, project.id);
    const [row] = await sql`
      with c as (
        insert into checks (project_id, n_pings) values (${project.id}, 41), (${project.id}, 1) returning id
      ), f as (
        insert into flips (check_id, created_at, old_status, new_status) select min(id), now(), 'up', 'down' from c returning id
      )
      insert into notifications (channel_id, flip_id, check_status, state)
      select ch.id, f.id, 'down', 'owed' from channels ch, f where ch.code = ${channel} returning id`;
    const { json } = await get('metrics key');
    expect(json).toMatchObject({ max_ping_id: 42, max_notification_id: row!.id, num_unprocessed_flips: 1 });
    await sql`delete from notifications`;
    await sql`delete from checks where project_id = ${project.id}`;
  });
  test.each([{ METRICS_KEY: '' }])('without a configured key nobody gets in', async (env) => {
    const api = await startTestApi(context.database, env);
    for (const key of ['', 'metrics key']) {
      const reply = await api.call('/api/v3/metrics/', { headers: { 'X-Metrics-Key': key } });
      expect([reply.status, reply.text]).toEqual([403, '']);
    }
    await api.close();
  });
  test('HEAD works', async () => {
    const reply = await context.api.call('/api/v3/metrics/', {
      method: 'HEAD',
      headers: { 'X-Metrics-Key': 'metrics key' },
    });
    expect([reply.status, reply.text]).toEqual([200, '']);
  });
});

describe('delivery reports (§11.3, M-68)', () => {
  let channel: string;
  let code: string;
  beforeEach(async () => {
    const { sql } = context.database;
    channel = await addChannel(context.database, project.id);
    const [row] = await sql`
      insert into notifications (channel_id, check_status, state, created_at)
      select id, 'down', 'sent', ${NOW - 60_000} from channels where code = ${channel} returning code`;
    code = row!.code;
  });
  const report = (form: string | Record<string, string>, at = code, type = 'application/x-www-form-urlencoded') =>
    context.api.call(`/api/v3/notifications/${at}/status`, {
      method: 'POST',
      headers: { 'Content-Type': type },
      body: typeof form === 'string' ? form : new URLSearchParams(form).toString(),
    });
  const stored = async () => {
    const [row] = await context.database.sql`
      select n.error, c.last_error, c.disabled and c.tell_owner_at is not null as disabled
      from notifications n join channels c on c.id = n.channel_id
      where n.code = ${code}`;
    expect(row!.error).toBe(row!.last_error);
    return [row!.error, row!.disabled];
  };
  test.each<[string, string, boolean]>([
    ['', '', false],
    ['nothing=x', '', false],
    ['error=', '', false],
    ['error=boom', 'boom', false],
    ['error=boom&mark_disabled=1', 'boom', true],
    ['error=boom&mark_disabled=0', 'boom', true],
    ['error=boom&mark_disabled=', 'boom', false],
    ['mark_disabled=1', '', false],
    [`error=${'x'.repeat(300)}`, 'x'.repeat(200), false],
    ['error=a%00b', 'ab', false],
    ['MessageStatus=failed', 'Delivery failed (status=failed).', false],
    ['MessageStatus=undelivered', 'Delivery failed (status=undelivered).', false],
    ['MessageStatus=delivered', '', false],
    ['MessageStatus=Failed', '', false],
    ['messagestatus=failed', '', false],
    ['CallStatus=failed', 'Delivery failed (status=failed).', false],
    ['CallStatus=busy', '', false],
    ['error=boom&MessageStatus=undelivered', 'Delivery failed (status=undelivered).', false],
    ['error=boom&mark_disabled=1&CallStatus=failed', 'Delivery failed (status=failed).', true],
  ])('%.60s (M-70)', async (form, error, disabled) => {
    const reply = await report(form);
    expect([reply.status, reply.text]).toEqual([200, '']);
    expect(reply.headers.has('access-control-allow-origin')).toBe(false);
    expect(await stored()).toEqual([error, disabled]);
  });
  test('unknown, old, or JSON: 200, nothing happens (M-69)', async () => {
    expect((await report({ error: 'x' }, UNKNOWN_UUID)).status).toBe(200);
    expect((await report('{"error": "x"}', code, 'application/json')).status).toBe(200);
    await context.database.sql`update notifications set created_at = ${NOW - 3_600_001} where code = ${code}`;
    expect((await report({ error: 'x' })).status).toBe(200);
    expect(await stored()).toEqual(['', false]);
  });
  test.each(['GET', 'OPTIONS', 'PUT', 'HEAD'])('%s: 405 with Allow: POST', async (method) => {
    const reply = await context.api.call(`/api/v2/notifications/${code}/status`, { method });
    expect([reply.status, reply.text, reply.headers.get('allow')]).toEqual([405, '', 'POST']);
  });
});

describe('bounces (§11.4, M-72)', () => {
  let code: string;
  beforeEach(async () => {
    const channel = await addChannel(context.database, project.id);
    const [row] = await context.database.sql`
      insert into notifications (channel_id, check_status, state, created_at)
      select id, 'down', 'sent', ${NOW - 60_000} from channels where code = ${channel} returning code`;
    code = row!.code;
  });
  const message = (to: string, status: string, diagnostic: string | null = 'smtp; 550 no such user') =>
    [
      'Return-Path: <>',
      `To: ${to}`,
      'Subject: Undelivered Mail',
      'Content-Type: multipart/report; report-type=delivery-status;',
      '\tboundary="AAA/BBB"',
      '',
      'ignored preamble',
      '--AAA/BBB',
      'Content-Type: text/plain',
      '',
      'Status: nothing here',
      '',
      '--AAA/BBB',
      'Content-Type: message/delivery-status',
      '',
      'Reporting-MTA: dns; mx.example.org',
      '',
      'Final-Recipient: rfc822; a@example.org',
      'Action: failed',
      `Status: ${status}`,
      ...(diagnostic === null ? [] : [`Diagnostic-Code: ${diagnostic}`]),
      '',
      '--AAA/BBB--',
      '',
    ].join('\r\n');
  const post = async (body: string, method = 'POST') =>
    (await context.api.call('/api/v3/bounces/', { method, body, headers: { 'Content-Type': 'message/rfc822' } })).text;
  const address = (id = code, type: 'n' | 'r' = 'n', at = NOW) =>
    `${bounceId(SECRET_KEY, type, id, at)}@mon.example.test`;
  const stored = async () => {
    const [row] = await context.database.sql`
      select n.error, c.last_error, c.disabled from notifications n join channels c on c.id = n.channel_id where n.code = ${code}`;
    return [row!.error, row!.last_error, row!.disabled];
  };

  test.each<[status: string, diagnostic: string | null, error: string, disabled: boolean]>([
    ['5.1.1', 'smtp; 550 no such user', 'Delivery failed (550 no such user)', true],
    ['5.4.4', 'SMTP; dns é', 'Delivery failed (dns é)', false],
    ['4.4.7', 'x-unix; full', 'Delivery failed (x-unix; full)', false],
    ['5.0.0', null, 'Delivery failed (SMTP status code: 5.0.0)', true],
    ['5.1.1', 'x'.repeat(300), `Delivery failed (${'x'.repeat(183)}`, true],
  ])('%s %s', async (status, diagnostic, error, disabled) => {
    expect(await post(message(`${address()}, other@example.org`, status, diagnostic))).toBe('OK');
    expect(await stored()).toEqual([error, error, disabled]);
  });
  test.each<[string, () => string, string]>([
    ['status 2', () => message(address(), '2.0.0'), 'OK (ignored)'],
    ['no report', () => `To: ${address()}\n\nhello`, 'OK (ignored)'],
    ['bad signature', () => message(`${address().slice(0, 60)}0@x`, '5.1.1'), 'OK (bad signature)'],
    ['no To', () => 'Subject: x\n\n', 'OK (bad signature)'],
    ['nothing at all', () => '', 'OK (bad signature)'],
    ['garbage', () => '\0\u0001\n\n:::\n--', 'OK (bad signature)'],
    ['too old', () => message(address(code, 'n', NOW - 48 * 3600_000 - 1000), '5.1.1'), 'OK (bad signature)'],
    ['an unknown notification', () => message(address(UNKNOWN_UUID), '5.1.1'), 'OK (notification not found)'],
    ['not a UUID', () => message(address('abc'), '5.1.1'), 'OK (notification not found)'],
    ['hyphens for a UUID', () => message(address('-'.repeat(36)), '5.1.1'), 'OK (notification not found)'],
    ['an unknown user', () => message(address('nobody', 'r'), '5.1.1'), 'OK (user not found)'],
  ])('%s: nothing changes', async (_, body, answer) => {
    expect(await post(body())).toBe(answer);
    expect(await stored()).toEqual(['', '', false]);
  });
  test.each(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'])(
    'M-71: %s is answered 200',
    async (method) => {
      const body = ['GET', 'HEAD'].includes(method) ? {} : { body: message(address(), '5.1.1') };
      const reply = await context.api.call('/api/v1/bounces/', { method, ...body });
      expect(reply.status).toBe(200);
      const read = ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].includes(method);
      expect((await stored())[1]).toBe(read ? 'Delivery failed (550 no such user)' : '');
    },
  );
  test('a display name and angle brackets in To', async () => {
    expect(await post(message(`"Overdue" <${address()}>`, '5.1.1'))).toBe('OK');
  });
  test('a report that bounces for good switches reports and reminders off', async () => {
    const { sql } = context.database;
    const [user] = await sql`
      update users set reports = 'daily', nag_period = 3600, next_report_at = now(), next_nag_at = now()
      where id = ${project.ownerId} returning username`;
    const settings = async () =>
      (await sql`select reports, nag_period, next_report_at, next_nag_at from users where id = ${project.ownerId}`)[0]!;
    expect(await post(message(address(user!.username, 'r'), '4.0.0'))).toBe('OK');
    expect((await settings()).reports).toBe('daily');
    expect(await post(message(address(user!.username, 'r'), '5.0.0'))).toBe('OK');
    expect(await settings()).toEqual({ reports: 'off', nag_period: 0, next_report_at: null, next_nag_at: null });
  });
});

test('channels list (M-65)', async () => {
  const mine = await context.api.project();
  for (const version of VERSIONS) {
    const reply = await context.api.call(`/api/${version}/channels/`, { key: mine.rw });
    expect(reply.text).toBe('{"channels": []}');
  }
  const a = await addChannel(context.database, mine.id, { name: 'Ops mail' });
  const b = await addChannel(context.database, mine.id);
  expect((await context.api.call('/api/v1/channels/', { key: mine.rw })).text).toBe(
    `{"channels": [{"id": "${a}", "name": "Ops mail", "kind": "email"}, {"id": "${b}", "name": "", "kind": "email"}]}`,
  );
});
