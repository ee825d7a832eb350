/** The write throttle, seen from outside: fewer writes, the same truth. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyPing, type CheckState, type PingKind, pause } from '@overdue/checks';
import { aCheck } from '@overdue/checks/testing';
import { systemClock } from '@overdue/clock';
import { loadConfig } from '@overdue/config';
import { createLogger, createRegistry } from '@overdue/observability';
import { afterEach, expect, test } from 'vitest';
import { type Ingester, startIngester } from './ingester.ts';
import { checkOf, makeCheck, pingsOf, sendTo, startTestIngester, type TestIngester } from './testing.ts';

let t: TestIngester;
afterEach(() => t.stop());

const ping = async (path: string, ingester: Ingester = t.ingester, body?: string) => {
  const answer = await sendTo(ingester.port, path, body === undefined ? {} : { method: 'POST', body });
  expect([answer.status, answer.body]).toEqual([200, 'OK']);
};
const counted = async (code: string) => (await checkOf(t, code)).n_pings;

test('coalesces: one write for many pings, with the true count, last time, deadline and log', async () => {
  t = await startTestIngester({ PING_THROTTLE_SECONDS: '1' });
  const code = await makeCheck(t);
  await ping(`/${code}`);
  expect(await counted(code)).toBe(1);
  await Promise.all(Array.from({ length: 60 }, () => ping(`/${code}`)));
  await expect.poll(() => counted(code)).toBe(61);
  const pings = await pingsOf(t, code);
  expect(pings.map((p) => p.n)).toEqual(Array.from({ length: 61 }, (_, i) => i + 1));
  const check = await checkOf(t, code);
  expect(check.last_ping).toBe(pings.at(-1)!.created_at);
  expect(check.alert_after).toBe(check.last_ping! + (86_400 + 3600) * 1000);
  const [{ updates } = { updates: 0 }] = await t.database.sql<{ updates: number }[]>`
    select count(distinct xmin::text)::int as updates from pings`;
  expect(updates).toBeLessThanOrEqual(4);
});

test('more than the log keeps are counted, the newest of them logged', async () => {
  t = await startTestIngester({ PING_THROTTLE_SECONDS: '1' });
  const code = await makeCheck(t);
  await ping(`/${code}`);
  for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 50 }, () => ping(`/${code}`)));
  await expect.poll(() => counted(code)).toBe(501);
  const numbers = (await pingsOf(t, code)).map((p) => p.n);
  expect(numbers.slice(-100)).toEqual(Array.from({ length: 100 }, (_, i) => 402 + i));
});

test('never holds information back, and keeps the order', async () => {
  t = await startTestIngester({ PING_THROTTLE_SECONDS: '30' });
  const code = await makeCheck(t);
  const rid = randomUUID();
  const sequence: [path: string, body?: string][] = [
    [''],
    [''],
    ['/start'],
    [''],
    [''],
    ['', 'with a body'],
    [''],
    [`?rid=${rid}`],
    [''],
    ['/0'],
    [''],
    [''],
    ['/log'],
    [''],
    ['/fail'],
    [''],
    [''],
    ['/7'],
  ];
  let sent = 0;
  for (const [path, body] of sequence) {
    await ping(`/${code}${path}`, t.ingester, body);
    sent++;
    // Whatever says something is there when it is answered, with all that came before it.
    if (path !== '' || body !== undefined) expect(await counted(code)).toBe(sent);
  }
  const pings = await pingsOf(t, code);
  expect(pings.map((p) => [p.kind, p.rid, p.exit_status, p.body?.toString() ?? null])).toEqual(
    sequence.map(([path, body]) => [
      path === '/start' ? 'start' : path === '/fail' || path === '/7' ? 'fail' : path === '/log' ? 'log' : 'success',
      path.startsWith('?rid') ? rid : null,
      path === '/0' ? 0 : path === '/7' ? 7 : null,
      body ?? null,
    ]),
  );
  // The check is what the state machine makes of the log.
  let state = aCheck();
  for (const p of pings) state = applyPing(state, { kind: p.kind as PingKind, rid: p.rid, at: p.created_at }).check;
  const { status, n_pings, last_ping, last_start, alert_after } = await checkOf(t, code);
  expect({ status, n_pings, last_ping, last_start, alert_after }).toEqual({
    status: state.status,
    n_pings: state.n_pings,
    last_ping: state.last_ping,
    last_start: state.last_start,
    alert_after: state.alert_after,
  });
});

test('a pause by somebody else ends the window: what came before it counts, and does not resume the check', async () => {
  t = await startTestIngester({ PING_THROTTLE_SECONDS: '30' });
  const code = await makeCheck(t);
  for (let i = 0; i < 5; i++) await ping(`/${code}`);
  const last = Date.now();
  // The ping before it may have come in this very millisecond, and would be after it, then.
  const now = Date.now() + 1;
  await t.database.sql.begin(async (sql) => {
    await sql`select from checks where code = ${code} for no key update`;
    expect(pause({ status: 'up' } as CheckState, now).check.status).toBe('paused');
    await sql`update checks set status = 'paused', last_start = null, alert_after = null, wake_at = null where code = ${code}`;
    await sql`
      insert into flips (check_id, created_at, old_status, new_status)
      select id, ${now}, 'up', 'paused' from checks where code = ${code}`;
    await sql`select pg_notify('check_changed', ${code})`;
  });
  await expect.poll(() => counted(code)).toBe(5);
  const paused = await checkOf(t, code);
  expect(paused.status).toBe('paused');
  expect(paused.last_ping).toBe((await pingsOf(t, code)).at(-1)!.created_at);
  expect(paused.last_ping).toBeLessThanOrEqual(last);
  // A ping after it resumes, as ever.
  await ping(`/${code}`);
  expect(await checkOf(t, code)).toMatchObject({ status: 'up', n_pings: 6 });
});

test('an edit ends the window, and the very next ping is judged by it', async () => {
  t = await startTestIngester({ PING_THROTTLE_SECONDS: '30' });
  const code = await makeCheck(t);
  for (let i = 0; i < 3; i++) await ping(`/${code}`);
  await t.database.sql`update checks set grace = 7200 where code = ${code}`;
  await expect.poll(() => counted(code)).toBe(3);
  const check = await checkOf(t, code);
  expect(check.alert_after).toBe(check.last_ping! + (86_400 + 7200) * 1000);
  await t.database.sql`update checks set methods = 'POST' where code = ${code}`;
  await ping(`/${code}`);
  expect((await pingsOf(t, code)).map(({ kind }) => kind)).toEqual(['success', 'success', 'success', 'ign']);
});

test('a stop writes what was coalesced', async () => {
  t = await startTestIngester({ PING_THROTTLE_SECONDS: '3600' });
  const code = await makeCheck(t);
  for (let i = 0; i < 7; i++) await ping(`/${code}`);
  await t.ingester.drain();
  expect(await counted(code)).toBe(7);
});

test('a ping over a connection that outlives the drain is written before its answer', async () => {
  t = await startTestIngester({ PING_THROTTLE_SECONDS: '30' });
  const code = await makeCheck(t);
  for (let i = 0; i < 3; i++) await ping(`/${code}`);
  await t.ingester.drain();
  // Nobody would be there to end a window that opens now.
  await ping(`/${code}`);
  expect(await counted(code)).toBe(4);
});

test('a check that is deleted takes its window with it', async () => {
  t = await startTestIngester({ PING_THROTTLE_SECONDS: '30' });
  const code = await makeCheck(t);
  for (let i = 0; i < 3; i++) await ping(`/${code}`);
  await t.database.sql`delete from checks where code = ${code}`;
  await expect.poll(async () => (await sendTo(t.ingester.port, `/${code}`)).status).toBe(404);
  await expect
    .poll(async () => (await t.registry.getSingleMetric('overdue_ingester_coalesced_pings')!.get()).values[0]!.value)
    .toBe(0);
});

test('shows each ping within a second or so while little is going on', async () => {
  t = await startTestIngester({ PING_THROTTLE_SECONDS: '30' });
  const code = await makeCheck(t);
  for (let i = 0; i < 3; i++) await ping(`/${code}`);
  await expect.poll(() => counted(code)).toBe(3);
  await ping(`/${code}`);
  await expect.poll(() => counted(code)).toBe(4);
});

test('0 turns it off', async () => {
  t = await startTestIngester({ PING_THROTTLE_SECONDS: '0' });
  const code = await makeCheck(t);
  for (let i = 1; i <= 5; i++) {
    await ping(`/${code}`);
    expect(await counted(code)).toBe(i);
  }
});

test('a start through another ingester ends the window there', async () => {
  t = await startTestIngester({ PING_THROTTLE_SECONDS: '30' });
  const dataDir = mkdtempSync(join(tmpdir(), 'overdue-ingester-'));
  const instanceId = randomUUID();
  const other = await startIngester({
    config: {
      ...loadConfig({ DATA_DIR: dataDir, PING_HOST: '127.0.0.1', PING_THROTTLE_SECONDS: '30' }),
      PING_PORT: 0,
    },
    clock: systemClock,
    logger: createLogger({ service: 'ingester', level: 'silent', format: 'json' }),
    registry: createRegistry('ingester'),
    target: t.database.target,
    instanceId,
  });
  try {
    for (const [ingester, id] of [
      [t.ingester, t.instanceId],
      [other, instanceId],
    ] as const) {
      await ingester.instances.register({ id, service: 'ingester', host: 'h', pid: 1, startedAt: Date.now() });
    }
    // Within a few seconds each learns of the other, and says what it hears.
    const told = new Set<string>();
    await t.database.sql.listen('check_pinged', (ids) => told.add(ids));
    for (const ingester of [t.ingester, other]) {
      const another = await makeCheck(t);
      const [row] = await t.database.sql<{ id: number }[]>`select id from checks where code = ${another}`;
      const isTold = async () => {
        // A success that the other might have begun to coalesce; then something that ends that.
        await ping(`/${another}`, ingester);
        await ping(`/${another}/start`, ingester);
        return [...told].some((ids) => ids.split(',').includes(String(row!.id)));
      };
      await expect.poll(isTold).toBe(true);
    }
    const code = await makeCheck(t);
    for (let i = 0; i < 4; i++) await ping(`/${code}`);
    await ping(`/${code}/start`, other);
    await expect.poll(() => counted(code)).toBe(5);
    const { last_start } = await checkOf(t, code);
    expect(last_start).not.toBeNull();
    // Not throttled: it ends the run.
    await ping(`/${code}`);
    expect(await checkOf(t, code)).toMatchObject({ n_pings: 6, last_start: null });
  } finally {
    await other.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
});
