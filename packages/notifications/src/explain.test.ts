import { recordFlips } from '@overdue/database';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { explain } from './explain.ts';
import { NOON } from './testing/fixtures.ts';

const MINUTE = 60_000;

let database: TestDatabase;
let project = 0;
beforeAll(async () => {
  database = await createTestDatabase();
  const [row] = await database.sql<{ id: number }[]>`
    with boss as (insert into users (username, email) values ('boss', 'boss@example.org') returning id)
    insert into projects (owner_id, badge_key) select id, 'b' from boss returning id`;
  project = row!.id;
});
afterAll(() => database.drop());

async function check(fields: Record<string, unknown> = {}): Promise<number> {
  const columns = { project_id: project, status: 'up', timeout: 3600, grace: 300, created_at: NOON - 1e9, ...fields };
  const [row] = await database.sql<{ id: number }[]>`insert into checks ${database.sql(columns as never)} returning id`;
  return row!.id;
}

async function ping(checkId: number, n: number, at: number, kind = 'success'): Promise<void> {
  await database.sql`
    insert into pings (check_id, n, id, created_at, kind, scheme, method)
    values (${checkId}, ${n}, gen_random_uuid(), ${at}, ${kind}, 'http', 'GET')`;
}

async function channel(value: unknown, more: Record<string, unknown> = {}): Promise<number> {
  const columns = { project_id: project, kind: 'email', created_at: NOON - 1e9, ...more };
  const [row] = await database.sql<{ id: number }[]>`
    insert into channels ${database.sql({ ...columns, value } as never)} returning id`;
  return row!.id;
}

test('a time-out: when the ping was due, when grace ended, who was told and what they answered', async () => {
  const id = await check({ last_ping: NOON - 120 * MINUTE });
  await ping(id, 1, NOON - 120 * MINUTE);
  const told = await channel({ value: 'ops@example.org', up: true, down: true });
  const off = await channel({ value: 'off@example.org', up: true, down: true }, { disabled: true });
  const upOnly = await channel({ value: 'up@example.org', up: true, down: false }, { notify_down: false });
  for (const c of [told, off, upOnly]) {
    await database.sql`insert into channel_checks (check_id, channel_id) values (${id}, ${c})`;
  }
  await database.sql.begin(async (tx) => {
    await tx`update checks set status = 'down' where id = ${id}`;
    await recordFlips(tx, [
      {
        checkId: id,
        createdAt: NOON - 55 * MINUTE,
        oldStatus: 'up',
        newStatus: 'down',
        reason: 'timeout',
        decision: { rule: 'timeout', judged_at: NOON - 55 * MINUTE + 700 },
      },
    ]);
  });
  const log = [
    { at: NOON - 54 * MINUTE, ms: 30, answer: 'SMTP error: 421 later' },
    { at: NOON - 53 * MINUTE, ms: 20, answer: '250 OK' },
  ];
  await database.sql`
    update notifications set state = 'sent', attempts = 2, log = ${log as never}::jsonb where check_id = ${id}`;
  const [flip] = await database.sql<{ recorded_at: number }[]>`select recorded_at from flips where check_id = ${id}`;

  const found = (await explain(database.sql, id, NOON))!;
  expect(found).toMatchObject({
    status: 'down',
    lateness: { rule: 'timeout', expected: NOON - 60 * MINUTE, deadline: NOON - 55 * MINUTE },
    flip: { newStatus: 'down', reason: 'timeout' },
    messages: [{ channel: { kind: 'email', title: 'ops@example.org' }, state: 'sent', attempts: log }],
    notOwed: [
      { channel: { title: 'off@example.org' }, why: 'it is switched off' },
      { channel: { title: 'up@example.org (up only)' }, why: 'it does not want to hear of down' },
    ],
  });
  const recorded = new Date(flip!.recorded_at).toISOString().slice(0, 19).replace('T', ' ');
  expect(found.sentences).toEqual([
    'The last ping before 2026-11-21 12:00:00 UTC came at 2026-11-21 10:00:00 UTC.',
    'The next one was due at 2026-11-21 11:00:00 UTC.',
    'Grace ended at 2026-11-21 11:05:00 UTC.',
    'It went from up to down at 2026-11-21 11:05:00 UTC, because no ping came in time.',
    `That was decided at ${recorded} UTC, when every ping until 2026-11-21 11:05:00 UTC was known.`,
    'At 2026-11-21 12:00:00 UTC its status was down.',
    'ops@example.org: delivered at 2026-11-21 11:07:00 UTC, after 2 attempts (250 OK).',
    'off@example.org: no message, because it is switched off.',
    'up@example.org (up only): no message, because it does not want to hear of down.',
  ]);

  // Before it went down.
  expect(await explain(database.sql, id, NOON - 58 * MINUTE)).toMatchObject({
    status: 'up',
    flip: null,
    nextFlip: { newStatus: 'down' },
    lateness: { deadline: NOON - 55 * MINUTE },
    messages: [],
  });
});

test('a gap that held it back', async () => {
  const id = await check({ last_ping: NOON - 70 * MINUTE });
  await database.sql`
    insert into gaps (from_at, until_at) values (${NOON - 11 * MINUTE}, ${NOON - 2 * MINUTE}),
      (${NOON - 500 * MINUTE}, ${NOON - 490 * MINUTE})`;
  const found = (await explain(database.sql, id, NOON))!;
  expect(found.status).toBe('up');
  expect(found.lateness).toMatchObject({
    held: { deadline: NOON - 5 * MINUTE },
    deadline: NOON + 55 * MINUTE,
  });
  expect(found.sentences).toContain(
    'No ingester was receiving pings from 2026-11-21 11:49:00 UTC until 2026-11-21 11:58:00 UTC: a ping may have been lost then.',
  );
  expect(found.sentences).toContain('So it was given until 2026-11-21 12:55:00 UTC.');
  expect(found.gaps).toHaveLength(1);
});

test('a check that did not exist yet, one that awaits nothing, one whose schedule is broken, none at all', async () => {
  const young = await check({ created_at: NOON, status: 'new' });
  expect((await explain(database.sql, young, NOON - 1))!.sentences).toEqual([
    'The check did not exist yet at 2026-11-21 11:59:59 UTC.',
  ]);
  expect((await explain(database.sql, young, NOON + 1))!.sentences).toEqual([
    'It awaited nothing.',
    'At 2026-11-21 12:00:00 UTC its status was new.',
  ]);
  const broken = await check({ kind: 'cron', schedule: 'nonsense', last_ping: NOON - MINUTE });
  expect((await explain(database.sql, broken, NOON))!.brokenSchedule).toContain('nonsense');
  expect(await explain(database.sql, 999_999, NOON)).toBeNull();
});

test('no channel says what only its settings may say', async () => {
  const id = await check({ status: 'down' });
  const secret = 'curl https://example.org/?key=s3cret';
  const owed = await channel({ cmd_down: secret, cmd_up: '' }, { kind: 'shell' });
  await database.sql`insert into channel_checks (check_id, channel_id) values (${id}, ${owed})`;
  await database.sql.begin((tx) =>
    recordFlips(tx, [
      { checkId: id, createdAt: NOON, oldStatus: 'up', newStatus: 'down', reason: 'timeout', decision: {} },
    ]),
  );
  const left = await channel({ cmd_down: secret, cmd_up: '' }, { kind: 'shell', notify_down: false });
  await database.sql`insert into channel_checks (check_id, channel_id) values (${id}, ${left})`;
  const found = (await explain(database.sql, id, NOON + MINUTE))!;
  expect(found.messages.map((message) => message.channel.title)).toEqual(['a command']);
  expect(found.notOwed.map((one) => one.channel.title)).toEqual(['a command']);
  expect(JSON.stringify(found)).not.toContain('s3cret');
});
