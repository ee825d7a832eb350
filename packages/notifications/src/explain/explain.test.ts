import { goDown } from '@overdue/checks';
import { type NewFlip, recordFlips } from '@overdue/database';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { facts, NOON } from '../testing/fixtures.ts';
import { explain } from './explain.ts';

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

async function ping(checkId: number, n: number, at: number, kind = 'success', rid: string | null = null) {
  await database.sql`
    insert into pings (check_id, n, id, created_at, kind, scheme, method, rid)
    values (${checkId}, ${n}, gen_random_uuid(), ${at}, ${kind}, 'http', 'GET', ${rid})`;
}

async function flip(checkId: number, at: number, oldStatus: string, newStatus: string, more: Partial<NewFlip> = {}) {
  await recordFlips(database.sql, [
    { checkId, createdAt: at, oldStatus, newStatus, reason: '', notify: false, ...more } as NewFlip,
  ]);
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
    'The last ping before 2026-11-21 11:05:00 UTC came at 2026-11-21 10:00:00 UTC.',
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

test('a schedule that was edited after the alert: what counted is what it was', async () => {
  const late = { ...facts('email').check, kind: 'simple', timeout: 3600, grace: 300, status: 'up' } as const;
  const verdict = goDown({ ...late, last_ping: NOON - 120 * MINUTE }, NOON - 50 * MINUTE)!.flip!;
  const id = await check({ status: 'down', timeout: 86_400, grace: 7200, last_ping: NOON - 120 * MINUTE });
  await ping(id, 1, NOON - 120 * MINUTE);
  await flip(id, verdict.at, 'up', 'down', { reason: 'timeout', decision: verdict.decision });
  const expected = {
    lateness: { timeout_s: 3600, expected: NOON - 60 * MINUTE, deadline: NOON - 55 * MINUTE },
  };
  expect(await explain(database.sql, id, NOON)).toMatchObject(expected);
  const before = await explain(database.sql, id, NOON - 58 * MINUTE);
  expect(before).toMatchObject({ ...expected, status: 'up' });
  expect(before!.sentences).toContain('The next one was due at 2026-11-21 11:00:00 UTC.');
  expect(before!.sentences).toContain('Grace ends at 2026-11-21 11:05:00 UTC.');
  // Before its first ping.
  expect(await explain(database.sql, id, NOON - 121 * MINUTE)).toMatchObject({ lateness: { rule: null } });
});

test('a run that a pause ended is not awaited; a resume forgets every ping', async () => {
  const id = await check({ status: 'new' });
  await ping(id, 1, NOON - 90 * MINUTE);
  await ping(id, 2, NOON - 60 * MINUTE, 'start');
  await flip(id, NOON - 59 * MINUTE, 'up', 'paused');
  await flip(id, NOON - 30 * MINUTE, 'paused', 'new');
  const at = async (minutes: number) => (await explain(database.sql, id, NOON - minutes * MINUTE))!;
  expect(await at(60)).toMatchObject({ lateness: { rule: 'run-timeout', last_start: NOON - 60 * MINUTE } });
  const paused = await at(50);
  expect(paused).toMatchObject({
    status: 'paused',
    lateness: { rule: null, last_ping: NOON - 90 * MINUTE, last_start: null, deadline: null },
  });
  expect(paused.sentences).toContain('It awaited nothing.');
  expect(await at(20)).toMatchObject({ status: 'new', lateness: { rule: null, last_ping: null, last_start: null } });
});

test('a run with an id goes on when another one ends', async () => {
  const id = await check({ timeout: 36_000 });
  const [a, b] = ['a', 'b'].map((letter) => letter.repeat(8).concat('-0000-4000-8000-000000000000'));
  await ping(id, 1, NOON - 10 * MINUTE, 'start', a);
  await ping(id, 2, NOON - 9 * MINUTE, 'success', b);
  const found = (await explain(database.sql, id, NOON - 8 * MINUTE))!;
  expect(found).toMatchObject({ lateness: { rule: 'run-timeout', deadline: NOON - 5 * MINUTE } });
  expect(found.sentences).toContain('The run has to end by 2026-11-21 11:55:00 UTC.');
  await ping(id, 3, NOON - 7 * MINUTE, 'success', a);
  expect(await explain(database.sql, id, NOON)).toMatchObject({ lateness: { rule: 'timeout', last_start: null } });
});

test('a ping that came out of a spool late has a higher number, and is not the last one for it', async () => {
  const id = await check();
  await ping(id, 1, NOON - 10 * MINUTE);
  await ping(id, 2, NOON - 40 * MINUTE);
  expect(await explain(database.sql, id, NOON)).toMatchObject({ lateness: { last_ping: NOON - 10 * MINUTE } });
});

test('what is the same for several channels is said once', async () => {
  const id = await check({ status: 'down' });
  for (const [address, more] of [
    ['a@example.org', { disabled: true }],
    ['b@example.org', {}],
    ['c@example.org', { disabled: true }],
    ['d@example.org', {}],
  ] as const) {
    const c = await channel({ value: address, up: true, down: true }, more);
    await database.sql`insert into channel_checks (check_id, channel_id) values (${id}, ${c})`;
  }
  await flip(id, NOON - MINUTE, 'up', 'down', { reason: 'fail', notify: true });
  expect((await explain(database.sql, id, NOON))!.sentences.slice(-2)).toEqual([
    'b@example.org, d@example.org: owed, not tried yet.',
    'a@example.org, c@example.org: no message, because it is switched off.',
  ]);
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
    'Overdue may have missed pings from 2026-11-21 11:49:00 UTC until 2026-11-21 11:58:00 UTC.',
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

test('a moment to come: what will be, if no ping comes', async () => {
  await database.sql`delete from gaps`;
  const id = await check({ last_ping: NOON - 60 * MINUTE });
  await ping(id, 1, NOON - 60 * MINUTE);
  const sentences = async (at: number, now: number) => (await explain(database.sql, id, at, { now }))!.sentences;
  expect(await sentences(NOON + 60 * MINUTE, NOON - MINUTE)).toEqual([
    'The last ping before 2026-11-21 11:59:00 UTC came at 2026-11-21 11:00:00 UTC.',
    'The next one is due at 2026-11-21 12:00:00 UTC.',
    'Grace ends at 2026-11-21 12:05:00 UTC.',
    '2026-11-21 13:00:00 UTC is still to come. If no ping comes, its status changes from up to down at 2026-11-21 12:05:00 UTC.',
  ]);
  expect((await sentences(NOON + 4 * MINUTE, NOON + MINUTE)).slice(1)).toEqual([
    'The next one was due at 2026-11-21 12:00:00 UTC.',
    'Grace ends at 2026-11-21 12:05:00 UTC.',
    '2026-11-21 12:04:00 UTC is still to come. If no ping comes, its status is still up then.',
  ]);
  // Whom nobody told of the last change is said before it: the one to come may be told.
  await database.sql`
    insert into channel_checks (check_id, channel_id) values (${id}, ${await channel({ value: 'a@b.c', up: true, down: true })})`;
  await flip(id, NOON - 60 * MINUTE, 'new', 'up');
  expect((await sentences(NOON + 60 * MINUTE, NOON)).slice(-2)).toEqual([
    'a@b.c: no message, because nobody is told of new to up.',
    expect.stringContaining('is still to come'),
  ]);
  await database.sql`update checks set status = 'paused', alert_after = null where id = ${id}`;
  await flip(id, NOON - 30 * MINUTE, 'up', 'paused');
  const paused = await sentences(NOON + 60 * MINUTE, NOON);
  expect(paused[1]).toBe('It awaits nothing.');
  expect(paused.at(-1)).toBe(
    '2026-11-21 13:00:00 UTC is still to come. If no ping comes, its status is still paused then.',
  );
});
