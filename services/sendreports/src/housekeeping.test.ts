import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { keepHouse } from './housekeeping.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 21);

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.sql`truncate users, instances, coverage, ingest_lanes, token_buckets, pings, flips restart identity cascade`;
});

/** A check with a channel; pings at the given instants, oldest first. */
async function checkWithPings(at: readonly number[]): Promise<{ check: number; channel: number }> {
  const { db, sql } = database;
  const user = await db
    .insertInto('users')
    .values({ username: crypto.randomUUID(), email: `${crypto.randomUUID()}@example.org` })
    .returning('id')
    .executeTakeFirstOrThrow();
  const project = await db
    .insertInto('projects')
    .values({ owner_id: user.id, badge_key: crypto.randomUUID() })
    .returning('id')
    .executeTakeFirstOrThrow();
  const check = await db
    .insertInto('checks')
    .values({ project_id: project.id })
    .returning('id')
    .executeTakeFirstOrThrow();
  const channel = await db
    .insertInto('channels')
    .values({ project_id: project.id, kind: 'email', value: {} })
    .returning('id')
    .executeTakeFirstOrThrow();
  for (const [i, created_at] of at.entries()) {
    await sql`insert into pings (check_id, n, id, created_at, kind, scheme, method)
              values (${check.id}, ${i + 1}, ${crypto.randomUUID()}, ${created_at}, 'success', 'http', 'GET')`;
  }
  return { check: check.id, channel: channel.id };
}

async function flip(check: number, at: number): Promise<number> {
  const [row] = await database.sql<{ id: number }[]>`
    insert into flips (check_id, created_at, old_status, new_status) values (${check}, ${at}, 'up', 'down') returning id`;
  return row!.id;
}

async function notification(of: { check: number | null; channel: number; flip?: number }, at: number, state: string) {
  await database.sql`
    insert into notifications (flip_id, check_id, channel_id, check_status, created_at, state)
    values (${of.flip ?? null}, ${of.check}, ${of.channel}, 'down', ${at}, ${state})`;
}

test('an empty database has nothing to forget', async () => {
  const forgotten = await keepHouse(database.sql, NOW);
  expect(Object.values(forgotten).every((n) => n === 0)).toBe(true);
});

test('sessions, token buckets, processes and lanes go when they are past use', async () => {
  const { sql } = database;
  await sql`insert into sessions (token_hash, expires_at) values ('\x01', ${NOW - 1}), ('\x02', ${NOW + 1})`;
  await sql`insert into token_buckets (key, tokens, updated_at) values ('old', 0, ${NOW - 3 * DAY}), ('new', 0, ${NOW - DAY})`;
  await sql`insert into instances (id, service, host, pid, started_at, seen_at)
            values (gen_random_uuid(), 'web', 'h', 1, ${NOW - 9 * DAY}, ${NOW - 8 * DAY}),
                   (gen_random_uuid(), 'web', 'h', 2, ${NOW - 9 * DAY}, ${NOW - 6 * DAY})`;
  await sql`insert into ingest_lanes (lane, batch, updated_at)
            values (gen_random_uuid(), 1, ${NOW - 94 * DAY}), (gen_random_uuid(), 2, ${NOW - 92 * DAY})`;
  const forgotten = await keepHouse(sql, NOW);
  expect(forgotten).toMatchObject({ sessions: 1, tokenBuckets: 1, instances: 1, ingestLanes: 1 });
  expect((await sql`select token_hash from sessions`).map((r) => r.token_hash)).toEqual([Buffer.from([2])]);
  expect((await sql`select key from token_buckets`).map((r) => r.key)).toEqual(['new']);
});

test('of coverage, a week stays, and the newest stretch in any case', async () => {
  const { sql } = database;
  const stretch = (days: number) =>
    sql`insert into coverage (instance_id, from_at, until_at)
        values (gen_random_uuid(), ${NOW - (days + 1) * DAY}, ${NOW - days * DAY})`;
  await stretch(30);
  await stretch(20);
  expect((await keepHouse(sql, NOW)).coverage).toBe(1);
  await stretch(6);
  expect((await keepHouse(sql, NOW)).coverage).toBe(1);
  expect(await sql`select 1 from coverage`).toHaveLength(1);
});

test('notifications older than the oldest kept ping go, unless they are still owed', async () => {
  const one = await checkWithPings([NOW - 10 * DAY, NOW - DAY]);
  await notification(one, NOW - 11 * DAY, 'sent');
  await notification(one, NOW - 11 * DAY, 'owed');
  await notification(one, NOW - 9 * DAY, 'sent');
  const withoutPings = await checkWithPings([]);
  await notification(withoutPings, NOW - 1000 * DAY, 'sent');
  await notification({ check: null, channel: one.channel }, NOW - 94 * DAY, 'sent');
  await notification({ check: null, channel: one.channel }, NOW - 92 * DAY, 'sent');
  const forgotten = await keepHouse(database.sql, NOW);
  expect(forgotten).toMatchObject({ notifications: 1, testNotifications: 1 });
});

test('a dead letter stays for the 30 days in which it is listed and can be resent, and so does its status change', async () => {
  const busy = await checkWithPings([NOW - DAY]);
  const failed = async (days: number) => {
    const at = NOW - 100 * DAY;
    const id = await flip(busy.check, at);
    await notification({ ...busy, flip: id }, at, 'failed');
    await database.sql`update notifications set finished_at = ${NOW - days * DAY} where flip_id = ${id}`;
    return id;
  };
  const listed = await failed(29);
  await failed(31);
  expect(await keepHouse(database.sql, NOW)).toMatchObject({ notifications: 1, flips: 1 });
  const left = await database.sql`select flip_id as id from notifications union all select id from flips`;
  expect(left.map(({ id }) => id)).toEqual([listed, listed]);
});

test('flips go when they are older than the oldest kept ping and than 93 days', async () => {
  const busy = await checkWithPings([NOW - DAY]);
  await flip(busy.check, NOW - 94 * DAY);
  await flip(busy.check, NOW - 92 * DAY);
  const quiet = await checkWithPings([NOW - 200 * DAY]);
  await flip(quiet.check, NOW - 201 * DAY);
  await flip(quiet.check, NOW - 199 * DAY);
  const owing = await flip(quiet.check, NOW - 202 * DAY);
  await notification({ ...quiet, flip: owing }, NOW - 202 * DAY, 'owed');
  expect((await keepHouse(database.sql, NOW)).flips).toBe(2);
  expect((await database.sql`select id from flips order by id`).map((r) => r.id)).toEqual([2, 4, 5]);
});

test('while one process keeps house, another leaves it alone', async () => {
  await database.sql`insert into sessions (token_hash, expires_at) values ('\x01', ${NOW - 1})`;
  await database.sql.begin(async (sql) => {
    await sql`select pg_advisory_xact_lock(hashtextextended('overdue:housekeeping', 0))`;
    expect((await keepHouse(database.sql, NOW)).sessions).toBe(0);
  });
  expect((await keepHouse(database.sql, NOW)).sessions).toBe(1);
});
