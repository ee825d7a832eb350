import { randomUUID } from 'node:crypto';
import type { ReservedSql } from '@overdue/database';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type Applied, type ApplyOptions, applyBatch } from './apply-batch.ts';
import { loadByCode, loadBySlug } from './check-loader.ts';
import type { Ping } from './ping.ts';
import { RememberedChecks } from './remembered-checks.ts';
import { makePing, makeProject } from './testing.ts';

/** Batches that go by what is remembered, where others write, too. */

let database: TestDatabase;
let sql: ReservedSql;
let project: number;
let memory: RememberedChecks;

beforeAll(async () => {
  database = await createTestDatabase();
  project = await makeProject(database.sql, { ping_key: 'key' });
  sql = (await database.sql.reserve()) as ReservedSql;
});
afterAll(async () => {
  sql.release();
  await database.drop();
});
beforeEach(() => {
  memory = new RememberedChecks();
});

const NOON = Date.UTC(2026, 10, 22, 12);

async function makeCheck(): Promise<number> {
  const [check] = await database.sql<{ id: number }[]>`
    insert into checks (project_id, timeout, grace) values (${project}, 3600, 600) returning id`;
  return check!.id;
}

function apply(pings: readonly Ping[], options: Partial<ApplyOptions> = {}): Promise<Applied> {
  return applyBatch(sql, pings, { ranges: [], memory, ...options });
}

/** All of a check that pings change, and its log; ids left out. */
async function read(id: number) {
  const [check] = await database.sql`
    select status, n_pings, last_ping, last_start, last_duration_ms, alert_after, has_confirmation_link, wake_at,
           last_start_rid = code as own_rid, case when last_start_rid <> code then last_start_rid end as last_start_rid
    from checks where id = ${id}`;
  const pings = await database.sql`
    select n, created_at, kind, rid, exit_status, body from pings where check_id = ${id} order by n`;
  const flips = await database.sql`
    select created_at, old_status, new_status, reason from flips where check_id = ${id} order by id`;
  return { check, pings: [...pings], flips: [...flips] };
}

test('what a batch wrote, the next one goes by', async () => {
  const [one, two] = [await makeCheck(), await makeCheck()];
  const first = await apply([makePing(two, NOON), makePing(one, NOON), makePing(two, NOON + 5, { kind: 'start' })]);
  expect(first.way).toBe('long');
  const second = await apply([makePing(one, NOON + 10), makePing(two, NOON + 20), makePing(two, NOON + 30)]);
  expect(second).toMatchObject({
    way: 'short',
    outcomes: ['recorded', 'recorded', 'recorded'],
    checks: [
      { id: one, plain: true, informative: false, previousPing: NOON },
      { id: two, plain: true, previousPing: NOON },
    ],
  });
  expect(await read(two)).toMatchObject({
    check: { n_pings: 4, last_ping: NOON + 30, last_start: null, alert_after: NOON + 30 + 4200_000 },
    pings: [{ n: 1 }, { n: 2, kind: 'start' }, { n: 3 }, { n: 4 }],
  });
});

test('one that is not remembered: the long way', async () => {
  const [one, two] = [await makeCheck(), await makeCheck()];
  await apply([makePing(one, NOON)]);
  expect(await apply([makePing(one, NOON + 1), makePing(two, NOON + 1)])).toMatchObject({ way: 'long' });
  expect(await apply([makePing(one, NOON + 2), makePing(two, NOON + 2)])).toMatchObject({ way: 'short' });
  memory.forget(two);
  expect(await apply([makePing(one, NOON + 3), makePing(two, NOON + 3)])).toMatchObject({ way: 'long' });
  memory.clear();
  expect(await apply([makePing(one, NOON + 4)])).toMatchObject({ way: 'long' });
});

test('of a check that was looked up, the first ping goes the short way', async () => {
  const id = await makeCheck();
  const [check] = await database.sql`
    update checks set slug = 'looked-up', kind = 'cron', schedule = '0 * * * *', tz = 'Europe/Riga', status = 'up',
      last_ping = to_timestamp(${NOON / 1000}), alert_after = to_timestamp(${NOON / 1000 + 4200}), n_pings = 7
    where id = ${id} returning code`;
  const byCode = await loadByCode(database.sql, [check!.code]);
  expect(await loadBySlug(database.sql, [{ pingKey: 'key', slug: 'looked-up' }])).toEqual(
    byCode.map((found) => ({ ...found, pingKey: 'key', slug: 'looked-up' })),
  );
  memory.lookedUp(byCode.map(({ state }) => state));
  const later = NOON + 60_000;
  expect(await apply([makePing(id, later)])).toMatchObject({ way: 'short' });
  expect((await read(id)).check).toMatchObject({ n_pings: 8, alert_after: NOON + 4200_000 });
  // An older look-up that answers later changes nothing.
  memory.lookedUp(byCode.map(({ state }) => state));
  expect(await apply([makePing(id, later + 1)])).toMatchObject({ way: 'short' });
});

test.each([
  ['status', `status = 'down', alert_after = null, wake_at = null`],
  ['status alone', `status = 'paused'`],
  ['n_pings', 'n_pings = n_pings + 1'],
  ['last_ping', `last_ping = last_ping + interval '1 ms'`],
  ['last_ping is null', 'last_ping = null'],
  ['last_start', `last_start = last_ping`],
  ['last_start_rid', 'last_start_rid = code'],
  ['last_duration_ms', 'last_duration_ms = 5'],
  ['alert_after', `alert_after = alert_after + interval '1 ms'`],
  ['alert_after is null', 'alert_after = null'],
  ['timeout', 'timeout = 7200'],
  ['grace', 'grace = 1200'],
  ['kind', `kind = 'cron'`],
  ['methods, and so rules_version', `methods = 'POST'`],
])('what somebody else changed is seen: %s', async (_, change) => {
  const [id, twin] = [await makeCheck(), await makeCheck()];
  const both = (at: number, fields = {}) => [makePing(id, at, fields), makePing(twin, at, fields)] as const;
  const [first, first2] = both(NOON, { kind: 'log' });
  await apply([first]);
  await apply([first2], { memory: new RememberedChecks() });
  const [second, second2] = both(NOON + 1);
  await apply([second]);
  await apply([second2], { memory: new RememberedChecks() });
  await database.sql.unsafe(`update checks set ${change} where id in (${id}, ${twin})`);
  const tried = vi.spyOn(memory, 'tried');
  const [third, third2] = both(NOON + 2, { kind: 'log' });
  expect(await apply([third])).toMatchObject({ way: 'both', outcomes: ['recorded'] });
  expect(tried.mock.calls).toEqual([[false]]);
  await apply([third2], { memory: new RememberedChecks() });
  expect(await read(id)).toEqual(await read(twin));
});

test.each([
  ['schedule', `schedule = '30 * * * *'`],
  ['time zone', `tz = 'Asia/Kolkata'`],
])('what somebody else changed is seen: %s of a cron check', async (_, change) => {
  const id = await makeCheck();
  await database.sql`update checks set kind = 'cron', schedule = '0 * * * *' where id = ${id}`;
  await apply([makePing(id, NOON)]);
  expect(await apply([makePing(id, NOON + 1)])).toMatchObject({ way: 'short' });
  await database.sql.unsafe(`update checks set ${change} where id = ${id}`);
  expect(await apply([makePing(id, NOON + 2)])).toMatchObject({ way: 'both' });
  expect((await read(id)).check).toMatchObject({ alert_after: NOON + 30 * 60_000 + 600_000 });
});

test('a check that is gone, or paused', async () => {
  const [gone, paused] = [await makeCheck(), await makeCheck()];
  await apply([makePing(gone, NOON), makePing(paused, NOON)]);
  await database.sql`delete from checks where id = ${gone}`;
  expect(await apply([makePing(gone, NOON + 1), makePing(paused, NOON + 1)])).toMatchObject({
    way: 'both',
    outcomes: ['unknown', 'recorded'],
  });
  memory = new RememberedChecks();
  await database.sql`update checks set status = 'paused', manual_resume = true where id = ${paused}`;
  for (const at of [2, 3]) expect(await apply([makePing(paused, NOON + at)])).toMatchObject({ way: 'long' });
  expect((await read(paused)).pings.map(({ kind }) => kind)).toEqual(['success', 'success', 'ign', 'ign']);
});

test('what sendalerts does to a check that is in time is nothing to it', async () => {
  const id = await makeCheck();
  await apply([makePing(id, NOON)]);
  await database.sql`update checks set wake_at = alert_after - interval '1 hour', name = 'new name' where id = ${id}`;
  expect(await apply([makePing(id, NOON + 1)])).toMatchObject({ way: 'short' });
});

test('what changes a status, or comes after the deadline, goes the long way', async () => {
  const id = await makeCheck();
  expect(await apply([makePing(id, NOON)])).toMatchObject({ way: 'long' });
  expect(await apply([makePing(id, NOON + 1, { kind: 'fail' })])).toMatchObject({ way: 'long' });
  expect(await apply([makePing(id, NOON + 2, { kind: 'fail' })])).toMatchObject({ way: 'short' });
  expect(await apply([makePing(id, NOON + 3)])).toMatchObject({ way: 'long' });
  expect(await apply([makePing(id, NOON + 4200_004)])).toMatchObject({ way: 'long' });
  expect((await read(id)).flips).toHaveLength(3);
});

test('a numbered batch whose answer got lost is not applied again, whatever is remembered', async () => {
  const id = await makeCheck();
  const lane = randomUUID();
  const numbered = (batch: number) => ({ ranges: [{ lane, batch, first: batch }] });
  await apply([makePing(id, NOON)], numbered(1));
  const [before] = memory.recall([id])!;
  const batch = [makePing(id, NOON + 1)];
  expect(await apply(batch, numbered(2))).toMatchObject({ way: 'short', already: false });
  // As if its check were again what it had been, and the answer had not come.
  await database.sql`
    update checks set n_pings = 1, last_ping = to_timestamp(${NOON / 1000.0}),
      alert_after = to_timestamp(${before!.alert_after! / 1000.0}) where id = ${id}`;
  await database.sql`delete from pings where check_id = ${id} and n = 2`;
  memory.written([before!]);
  const tried = vi.spyOn(memory, 'tried');
  expect(await apply(batch, numbered(2))).toMatchObject({ already: true, outcomes: ['recorded'] });
  // That says nothing about the memory.
  expect(tried).not.toHaveBeenCalled();
  expect((await read(id)).pings).toHaveLength(1);
});

test('another ingester wrote it: its numbers are not taken for those of a ping that PostgreSQL refuses', async () => {
  const id = await makeCheck();
  await apply([makePing(id, NOON)]);
  await applyBatch(sql, [makePing(id, NOON + 1)], { ranges: [] });
  expect(await apply([makePing(id, NOON + 2)])).toMatchObject({ way: 'both', outcomes: ['recorded'] });
  expect((await read(id)).pings.map(({ n }) => n)).toEqual([1, 2, 3]);
});

test.each([1, 3])(
  '%i checks, one of them locked by somebody who then changes it, or only its wake_at',
  async (count) => {
    const ids = await Promise.all(Array.from({ length: count }, makeCheck));
    const pings = (at: number) => ids.map((id) => makePing(id, at));
    await apply(pings(NOON));
    const other = await database.sql.reserve();
    /** Applies pings while the other's transaction holds the last check, and ends that. */
    const behind = async (change: string, at: number) => {
      await other`begin`;
      await other.unsafe(`update checks set ${change} where id = ${ids.at(-1)}`);
      const applying = apply(pings(at));
      const waits = async () => (await database.sql`select from pg_locks where not granted`).length;
      await expect.poll(waits, { interval: 5 }).toBeGreaterThan(0);
      await other`commit`;
      return (await applying).way;
    };
    try {
      expect(await behind(`wake_at = alert_after - interval '5 s'`, NOON + 1)).toBe('short');
      expect((await read(ids.at(-1)!)).check).toMatchObject({ wake_at: NOON + 4200_000 - 5000, n_pings: 2 });
      expect(await behind('timeout = 7200', NOON + 2)).toBe('both');
      for (const id of ids) expect((await read(id)).pings).toHaveLength(3);
      expect((await read(ids.at(-1)!)).check).toMatchObject({ alert_after: NOON + 2 + 7800_000, n_pings: 3 });
    } finally {
      other.release();
    }
  },
);

test('somebody who locks the same checks the other way round: not a database that is away', async () => {
  const [one, two] = [await makeCheck(), await makeCheck()];
  await apply([makePing(one, NOON), makePing(two, NOON)]);
  const other = await database.sql.reserve();
  try {
    await sql`set deadlock_timeout = '300ms'`;
    await other`begin`;
    await other`select from checks where id = ${two} for update`;
    const applying = apply([makePing(one, NOON + 1), makePing(two, NOON + 1)]);
    const waits = async () => (await database.sql`select from pg_locks where not granted`).length;
    await expect.poll(waits, { interval: 5 }).toBeGreaterThan(0);
    await other`select from checks where id = ${one} for update`;
    await other`commit`;
    expect(await applying).toMatchObject({ way: 'both', outcomes: ['recorded', 'recorded'] });
  } finally {
    other.release();
    await sql`reset deadlock_timeout`;
  }
});

test.each([
  ['bound', false],
  ['not bound: the disk failed', true],
])('a claim of a batch that goes both ways: %s', async (_, fails) => {
  const id = await makeCheck();
  await apply([makePing(id, NOON)]);
  await database.sql`update checks set timeout = 7200 where id = ${id}`;
  const beforeCommit = database.sql`select`.then(() => {
    if (fails) throw new Error('disk');
  });
  const applying = apply([makePing(id, NOON + 1)], { beforeCommit });
  if (fails) {
    await expect(applying).rejects.toThrow('disk');
    await sql`rollback`;
  } else expect(await applying).toMatchObject({ way: 'both' });
  expect((await read(id)).pings).toHaveLength(fails ? 1 : 2);
});

test('a claim is bound before the commit, a try leaves nothing behind', async () => {
  const id = await makeCheck();
  await apply([makePing(id, NOON)]);
  let counted: unknown;
  const beforeCommit = database.sql`select from pings where check_id = ${id}`.then((rows) => {
    counted = rows.length;
  });
  expect(await apply([makePing(id, NOON + 1)], { beforeCommit })).toMatchObject({ way: 'short' });
  expect(counted).toBe(1);
  expect(await apply([makePing(id, NOON + 2)], { dryRun: true })).toMatchObject({ way: 'long' });
  expect((await read(id)).pings).toHaveLength(2);
});

test('when it is in vain again and again, it is tried ever more seldom', () => {
  const check = { id: 1, status: 'up', n_pings: 1 } as never;
  memory.written([check]);
  const askedFirst = () => {
    let batches = 0;
    while (memory.recall([1]) === null) batches++;
    return batches;
  };
  const pauses = Array.from({ length: 10 }, () => {
    memory.tried(false);
    return askedFirst();
  });
  expect(pauses).toEqual([1, 3, 7, 15, 31, 63, 127, 255, 255, 255]);
  for (let i = 0; i < 8; i++) memory.tried(true);
  memory.tried(false);
  expect(askedFirst()).toBe(1);
});

test('two checks that share a place are not taken for one another', async () => {
  const id = await makeCheck();
  await apply([makePing(id, NOON)]);
  expect(memory.recall([id])).toHaveLength(1);
  expect(memory.recall([id + (1 << 17)])).toBeNull();
  memory.forget(id + (1 << 17));
  expect(memory.recall([id])).toHaveLength(1);
});

const CHANGES = [
  `status = 'paused', last_start = null, alert_after = null, wake_at = null`,
  `status = 'new', last_start = null, last_ping = null, alert_after = null, wake_at = null`,
  `status = 'new', last_ping = null, last_start = null, last_duration_ms = null, alert_after = null, wake_at = null`,
  `status = case when alert_after is null then status else 'down' end, alert_after = null, wake_at = null`,
  `timeout = 60 + (timeout + 7) % 1000`,
  `grace = 60 + (grace + 7) % 1000`,
  `kind = 'cron', schedule = '*/5 * * * *', tz = 'Europe/Riga'`,
  `kind = 'simple'`,
  `manual_resume = not manual_resume`,
  `wake_at = alert_after`,
  `failure_kw = failure_kw || 'x'`,
  `alert_after = alert_after + interval '1 minute', wake_at = alert_after + interval '1 minute'`,
];

test('whatever comes in between, a check is what it would be without', async () => {
  const ping = fc.record({
    seconds: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 0, max: 50 }) }, fc.integer({ min: -600, max: 9000 })),
    kind: fc.oneof({ weight: 6, arbitrary: fc.constant('success' as const) }, fc.constantFrom('start', 'fail', 'log')),
    rid: fc.option(fc.constantFrom('a', 'b'), { freq: 5 }),
    skipped: fc.constantFrom(0, 0, 0, 3),
  });
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.array(ping, { minLength: 1, maxLength: 3 }) },
    fc.record({ byAnother: fc.array(ping, { minLength: 1, maxLength: 2 }) }),
    { weight: 2, arbitrary: fc.constantFrom('look up', 'an old look-up', ...CHANGES) },
  );
  let short = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      const [id, twin] = [await makeCheck(), await makeCheck()];
      const [{ code }] = await database.sql<[{ code: string }]>`select code from checks where id = ${id}`;
      let at = NOON;
      let found: Awaited<ReturnType<typeof loadByCode>> = [];
      for (const one of steps) {
        if (one === 'look up') found = await loadByCode(database.sql, [code]);
        if (one === 'look up' || one === 'an old look-up') {
          memory.written(found.map(({ state }) => state));
          continue;
        }
        if (typeof one === 'string') {
          await database.sql.unsafe(`update checks set ${one} where id in (${id}, ${twin})`);
          continue;
        }
        const byAnother = !Array.isArray(one);
        const pings = (check: number) =>
          (byAnother ? one.byAnother : one).map(({ seconds, kind, rid, skipped }, i) =>
            makePing(check, at + (seconds + i) * 1000, {
              kind,
              rid: rid && `00000000-0000-4000-8000-00000000000${rid}`,
              skipped,
            }),
          );
        if (byAnother) await applyBatch(sql, pings(id), { ranges: [] });
        else if ((await apply(pings(id))).way === 'short') short++;
        memory.tried(true); // no pause
        await applyBatch(sql, pings(twin), { ranges: [] });
        at += 20_000;
      }
      expect(await read(id)).toEqual(await read(twin));
    }),
    { numRuns: 150 },
  );
  expect(short).toBeGreaterThan(50);
});
