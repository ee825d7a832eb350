/** Floods of `create=1`: they cost little, and nobody else's pings notice. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkOf, makeCheck, PING_KEY, sendTo, startTestIngester, type TestIngester } from '../testing.ts';

let t: TestIngester;
beforeEach(async () => {
  t = await startTestIngester();
});
afterEach(() => t.stop());

const send = (path: string) => sendTo(t.ingester.port, path);

/** Sends to the addresses, so many at a time; resolves with how many answers had which status. */
async function flood(paths: readonly string[], atOnce: number): Promise<Record<number, number>> {
  const statuses: Record<number, number> = {};
  let next = 0;
  const worker = async () => {
    while (next < paths.length) {
      const { status } = await send(paths[next++]!);
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return statuses;
}

async function spooled(): Promise<number> {
  const { values } = await t.registry.getSingleMetric('overdue_ingester_accepted_total')!.get();
  return values.find(({ labels }) => labels.how === 'spooled')?.value ?? 0;
}

/** Connections that are there only to make checks. */
async function makingConnections(): Promise<number> {
  const [row] = await t.database.sql<{ n: number }[]>`
    select count(*)::int as n from pg_stat_activity
    where datname = current_database() and application_name = 'overdue ingester create'`;
  return row!.n;
}

test('with ping keys that do not exist: 404, without a transaction, and nothing goes to the spool', async () => {
  const code = await makeCheck(t);
  const keys = Array.from({ length: 3000 }, () => `/${randomUUID().replaceAll('-', '').slice(0, 22)}/job?create=1`);
  const flooding = flood(keys, 300);
  for (let i = 0; i < 10; i++) expect((await send(`/${code}`)).status).toBe(200);
  expect(await flooding).toEqual({ 404: 3000 });
  expect((await checkOf(t, code)).n_pings).toBe(10);
  expect(await spooled()).toBe(0);
  expect(await makingConnections()).toBe(0);
});

test('of a key that does not exist: asked once in a while', async () => {
  const path = `/${'z'.repeat(22)}/job?create=1`;
  expect((await send(path)).status).toBe(404);
  const misses = async () =>
    (await t.registry.getSingleMetric('overdue_ingester_cache_misses_total')!.get()).values[0]!.value;
  const before = await misses();
  expect(
    await flood(
      Array.from({ length: 300 }, () => path),
      10,
    ),
  ).toEqual({ 404: 300 });
  // Some at once now and then, when what is known was forgotten.
  expect((await misses()) - before).toBeLessThan(100);
});

test('while checks cannot be made: 503 for those soon, and no outage for anybody else', async () => {
  await t.stop();
  // Soon, and still longer than a busy machine takes for the pings of others.
  t = await startTestIngester({ PING_DB_TIMEOUT_MS: '5000' });
  const code = await makeCheck(t);
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  // Somebody changes the owner's checks and does not come to an end.
  let locked = () => {};
  const isLocked = new Promise<void>((resolve) => {
    locked = resolve;
  });
  const holder = t.database.sql.begin(async (sql) => {
    await sql`select pg_advisory_xact_lock(hashtextextended('checks of owner ' || u.id, 0))::text from users u`;
    locked();
    await released;
  });
  await isLocked;
  try {
    const began = performance.now();
    const paths = Array.from({ length: 500 }, (_, i) => `/${PING_KEY}/job-${i}?create=1`);
    const flooding = flood(paths, 500);
    for (let i = 0; i < 10; i++) expect((await send(`/${code}`)).status).toBe(200);
    expect(await flooding).toEqual({ 503: 500 });
    expect(performance.now() - began).toBeLessThan(20_000);
    expect((await checkOf(t, code)).n_pings).toBe(10);
    expect(await spooled()).toBe(0);
    const refused = await send(`/${PING_KEY}/job-x?create=1`);
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '5']);
    // Nobody's ping was refused: the time counts as one in which pings were taken.
    await t.ingester.drain();
    const stretches = await t.database.sql`select from coverage where instance_id = ${t.instanceId}`;
    expect(stretches).toHaveLength(1);
  } finally {
    release();
    await holder;
  }
});

test('when they can be made again, they are', async () => {
  await t.database.sql`update users set check_limit = 1`;
  const [a, b, c] = ['a', 'b', 'c'].map((slug) => `/${PING_KEY}/${slug}?create=1`);
  expect([(await send(a!)).status, (await send(b!)).status, (await send(c!)).status]).toEqual([201, 201, 404]);
  // Deleting makes room, and is heard of.
  await t.database.sql`delete from checks where slug = 'a'`;
  await expect.poll(async () => (await send(c!)).status).toBe(201);
});
