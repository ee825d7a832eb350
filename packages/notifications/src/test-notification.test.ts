import { systemClock } from '@overdue/clock';
import { recordFlips } from '@overdue/database';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { deadLetters, resend } from './dead-letters.ts';
import { createDelivery, type DeliveryDeps } from './deliver.ts';
import { explain } from './explain/explain.ts';
import { HttpClient } from './http/client.ts';
import { findKind } from './kinds.ts';
import { Mailer } from './mail/mailer.ts';
import { tellOwners } from './switched-off.ts';
import { sendTest } from './test-notification.ts';
import { OPTIONS } from './testing/fixtures.ts';
import { type HttpReceiver, type SmtpReceiver, startHttpReceiver, startSmtpReceiver } from './testing/receivers.ts';

let database: TestDatabase;
let project = 0;
let receiver: HttpReceiver;
let smtp: SmtpReceiver;
let deps: DeliveryDeps;
beforeAll(async () => {
  database = await createTestDatabase();
  const [row] = await database.sql<{ id: number }[]>`
    with boss as (insert into users (username, email) values ('boss', 'boss@example.org') returning id)
    insert into projects (owner_id, badge_key, name) select id, 'b', 'Ops' from boss returning id`;
  project = row!.id;
});
afterAll(() => database.drop());
beforeEach(async () => {
  receiver = await startHttpReceiver();
  smtp = await startSmtpReceiver();
  const options = { ...OPTIONS, email: { ...OPTIONS.email, host: '127.0.0.1', port: smtp.port } };
  const logger = { info() {}, warn() {}, error() {} };
  deps = {
    sql: database.sql,
    clock: systemClock,
    options,
    http: new HttpClient(options.http, systemClock),
    mailer: new Mailer(options.email),
    logger,
  };
});
afterEach(async () => {
  deps.mailer.close();
  await deps.http.close();
  await receiver.close();
  await smtp.close();
});

async function channel(kind: string, value: unknown, more: Record<string, unknown> = {}): Promise<number> {
  const columns = { project_id: project, kind, email_verified: true, value, ...more };
  const [row] = await database.sql<{ id: number }[]>`
    insert into channels ${database.sql(columns as never)} returning id`;
  return row!.id;
}
const webhook = (more: object) => ({
  method_down: 'POST',
  url_down: '',
  body_down: '$NAME $STATUS $EXITSTATUS',
  headers_down: {},
  method_up: 'POST',
  url_up: '',
  body_up: '$NAME $STATUS',
  headers_up: {},
  name: '',
  ...more,
});

describe('test messages', () => {
  test('about a check TEST that went down; recorded without a check; clears the last error', async () => {
    const id = await channel('webhook', webhook({ url_down: receiver.url }), { last_error: 'Connection failed' });
    expect(await sendTest(deps, id)).toEqual({ ok: true });
    expect(receiver.requests[0]!.body).toBe('TEST down -1');
    await sendTest(deps, id);
    const rows = await database.sql`select * from notifications where channel_id = ${id}`;
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ check_id: null, flip_id: null, check_status: 'down', state: 'sent', error: '' });
    expect(receiver.requests[1]!.headers['overdue-delivery']).toBe(rows[0]!.code);
    const [row] = await database.sql`select last_error, last_notify_duration_ms from channels where id = ${id}`;
    expect(row).toEqual({ last_error: '', last_notify_duration_ms: expect.any(Number) });
  });

  test('as "up" when the channel does not want to hear of "down"', async () => {
    const id = await channel('webhook', webhook({ url_up: receiver.url }));
    expect(await sendTest(deps, id)).toEqual({ ok: true });
    expect(receiver.requests[0]!.body).toBe('TEST up');
  });

  test('one attempt, and its error', async () => {
    receiver.answer = (_, response) => response.writeHead(500).end();
    const id = await channel('webhook', webhook({ url_down: receiver.url }));
    expect(await sendTest(deps, id)).toEqual({ ok: false, error: 'Received status code 500' });
    expect(receiver.requests).toHaveLength(1);
    expect((await database.sql`select state from notifications where channel_id = ${id}`)[0]).toEqual({
      state: 'failed',
    });
    expect((await database.sql`select last_error, disabled from channels where id = ${id}`)[0]).toEqual({
      last_error: 'Received status code 500',
      disabled: false,
    });
  });

  test('refused for good: switched off, and the owner is to be told', async () => {
    receiver.answer = (_, response) => response.writeHead(404).end();
    const id = await channel('discord', `${receiver.url}/hook`);
    expect(await sendTest(deps, id)).toEqual({ ok: false, error: 'Received status code 404' });
    expect(await tellOwners({ ...deps, site: deps.options })).toBe(0);
    expect(smtp.mails.map((mail) => mail.to)).toEqual([['boss@example.org']]);
  });

  test('an answer that no column could hold', async () => {
    await smtp.close();
    smtp = await startSmtpReceiver({
      onRcptTo: (_address, _session, done) =>
        done(Object.assign(new Error(`${'x'.repeat(183)}😀`), { responseCode: 550 })),
    });
    const mailer = new Mailer({ ...deps.options.email, port: smtp.port });
    const id = await channel('email', { value: 'ops@example.org', up: true, down: true });
    expect(await sendTest({ ...deps, mailer }, id)).toMatchObject({ ok: false });
    mailer.close();
    const [row] = await database.sql`select state, error, log from notifications where channel_id = ${id}`;
    expect(row).toMatchObject({ state: 'failed', log: [{ answer: row!.error }] });
  });

  test('nothing for neither; nothing for a channel that is gone; also over one that is switched off', async () => {
    expect(await sendTest(deps, await channel('webhook', webhook({})))).toEqual({ ok: false, error: 'no-op' });
    expect(await sendTest(deps, 999_999)).toMatchObject({ ok: false });
    const off = await channel('webhook', webhook({ url_down: receiver.url }), { disabled: true });
    expect(await sendTest(deps, off)).toEqual({ ok: true });
  });

  test('by e-mail', async () => {
    expect(await sendTest(deps, await channel('email', { value: 'ops@example.org', up: true, down: true }))).toEqual({
      ok: true,
    });
    expect(smtp.mails[0]!.raw).toMatch(/^Subject: DOWN \| TEST/m);
    expect(smtp.mails[0]!.raw).toContain('Total Pings: 0');
  });
});

async function owed(channelId: number) {
  const { sql } = database;
  const [check] = await sql<{ id: number }[]>`
    insert into checks (project_id, name, status) values (${project}, 'job', 'down') returning id`;
  await sql`insert into channel_checks (check_id, channel_id) values (${check!.id}, ${channelId})`;
  await recordFlips(sql, [
    { checkId: check!.id, createdAt: Date.now(), oldStatus: 'up', newStatus: 'down', reason: 'timeout' },
  ]);
  const [row] = await sql<{ id: number; code: string }[]>`
    select id, code from notifications where check_id = ${check!.id} and channel_id = ${channelId}`;
  return { ...row!, channelId, checkId: check!.id };
}

describe('delivery', () => {
  test('a channel with a broken value fails, one that was switched off meanwhile is dropped, others are sent', async () => {
    const broken = await owed(await channel('webhook', { nonsense: true }));
    const unknown = await owed(await channel('line', {}));
    const good = await owed(await channel('webhook', webhook({ url_down: receiver.url })));
    const off = await owed(await channel('webhook', webhook({ url_down: receiver.url })));
    await database.sql`update channels set disabled = true where id = ${off.channelId}`;
    const prepared = await createDelivery(deps).prepare([broken, unknown, good, off]);
    expect(await prepared.get(broken.id)!.send()).toMatchObject({ result: 'dropped' });
    expect(await prepared.get(unknown.id)!.send()).toMatchObject({ result: 'failed', disable: false });
    expect(await prepared.get(good.id)!.send()).toEqual({ result: 'sent', answer: '200' });
    expect(await prepared.get(off.id)!.send()).toMatchObject({ result: 'dropped' });
    expect(receiver.requests).toHaveLength(1);
    expect(prepared.get(good.id)!.destination).toBe(`127.0.0.1:${receiver.port}`);
  });

  test("a value that not even looks like one does not hold up the others' messages", async () => {
    const oops = [];
    for (const kind of ['slack', 'discord', 'webhook']) {
      const claim = await owed(await channel(kind, {}));
      await database.sql`update channels set value = '"{oops"'::jsonb where id = ${claim.channelId}`;
      oops.push(claim);
    }
    const good = await owed(await channel('email', { value: 'ops@example.org', up: true, down: true }));
    const prepared = await createDelivery(deps).prepare([...oops, good]);
    for (const claim of oops) expect((await prepared.get(claim.id)!.send()).result).not.toBe('sent');
    expect(await prepared.get(good.id)!.send()).toMatchObject({ result: 'sent' });
    expect(smtp.mails[0]!.to).toEqual(['ops@example.org']);
  });

  test('a kind that throws makes its own message fail, for good and with a reason', async () => {
    const schema = vi.spyOn(findKind('zulip')!.schema, 'safeParse').mockImplementation(() => {
      throw new SyntaxError('a defect');
    });
    const oops = await owed(await channel('zulip', {}));
    const good = await owed(await channel('email', { value: 'ops@example.org', up: true, down: true }));
    const prepared = await createDelivery(deps).prepare([oops, good]);
    expect(await prepared.get(oops.id)!.send()).toEqual({
      result: 'failed',
      error: "The integration's settings cannot be read (zulip)",
      disable: false,
    });
    expect(await prepared.get(good.id)!.send()).toMatchObject({ result: 'sent' });
    expect((await explain(database.sql, oops.checkId, Date.now()))!.messages[0]!.channel.title).toBe('Zulip');
    schema.mockRestore();
  });

  test('the destination of a webhook is the host that is told of this status', async () => {
    const id = await channel('webhook', webhook({ url_down: 'https://down.test/a', url_up: 'https://up.test:8443/b' }));
    const down = await owed(id);
    await recordFlips(database.sql, [
      { checkId: down.checkId, createdAt: Date.now(), oldStatus: 'down', newStatus: 'up', reason: '' },
    ]);
    const [up] = await database.sql<{ id: number; code: string }[]>`
      select id, code from notifications where check_id = ${down.checkId} and check_status = 'up'`;
    const prepared = await createDelivery(deps).prepare([down, { ...up!, channelId: id }]);
    expect([down.id, up!.id].map((n) => prepared.get(n)!.destination)).toEqual(['down.test', 'up.test:8443']);
  });

  test('what belongs to a deleted check is missing', async () => {
    const gone = await owed(await channel('webhook', webhook({ url_down: receiver.url })));
    await database.sql`delete from checks where id = ${gone.checkId}`;
    expect((await createDelivery(deps).prepare([gone])).size).toBe(0);
  });

  test('LASTPING is the newest ping by the time of the flip; DOWNTIME is since the flip before', async () => {
    const { sql } = database;
    const id = await channel('webhook', webhook({ url_up: receiver.url, body_up: '$EXITSTATUS $BODY' }));
    const [check] = await sql<{ id: number }[]>`
      insert into checks (project_id, name) values (${project}, 'job') returning id`;
    await sql`insert into channel_checks (check_id, channel_id) values (${check!.id}, ${id})`;
    const at = Date.now() - 60_000;
    for (const [n, offset] of [
      [1, -1000],
      [2, 0],
      [3, 1],
      // Out of a spool: a higher number, and not newer.
      [4, -500],
    ] as const) {
      await sql`
        insert into pings (check_id, n, id, created_at, kind, scheme, method, exit_status, body)
        values (${check!.id}, ${n}, gen_random_uuid(), ${at + offset}, 'success', 'http', 'POST', ${n}, ${Buffer.from(`body ${n}`)})`;
    }
    await recordFlips(sql, [
      { checkId: check!.id, createdAt: at - 90_000, oldStatus: 'up', newStatus: 'down', reason: 'fail', notify: false },
    ]);
    await recordFlips(sql, [{ checkId: check!.id, createdAt: at, oldStatus: 'down', newStatus: 'up', reason: '' }]);
    const [row] = await sql<
      { id: number; code: string }[]
    >`select id, code from notifications where check_id = ${check!.id}`;
    const prepared = await createDelivery(deps).prepare([{ ...row!, channelId: id }]);
    await prepared.get(row!.id)!.send();
    expect(receiver.requests[0]!.body).toBe('2 body 2');
  });
});

test('dead letters are listed, and owed again when resent', async () => {
  const claim = await owed(await channel('webhook', webhook({ url_down: receiver.url }), { name: 'Pager' }));
  await database.sql`
    update notifications set state = 'failed', error = 'Connection failed', attempts = 40, finished_at = now(),
      next_attempt_at = null where id = ${claim.id}`;
  expect(await deadLetters(database.sql, project)).toMatchObject([
    {
      id: claim.id,
      channelName: 'Pager',
      checkName: 'job',
      checkStatus: 'down',
      error: 'Connection failed',
      attempts: 40,
    },
  ]);
  expect(await resend(database.sql, claim.id, project + 1)).toBe(false);
  expect(await resend(database.sql, claim.id, project)).toBe(true);
  expect(await resend(database.sql, claim.id, project)).toBe(false);
  expect(await deadLetters(database.sql, project)).toEqual([]);
  const [row] = await database.sql`select state, code, next_attempt_at from notifications where id = ${claim.id}`;
  expect(row).toMatchObject({ state: 'owed', code: claim.code, next_attempt_at: expect.any(Number) });
});
