import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { recordFlips } from './flips.ts';
import { createTestDatabase, type TestDatabase } from './testing/index.ts';

let database: TestDatabase;
let check: number;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

beforeEach(async () => {
  const { sql } = database;
  await sql`truncate users, flips restart identity cascade`;
  await sql`insert into users (username, email) values ('u', 'u@example.org')`;
  await sql`insert into projects (owner_id, badge_key) values (1, 'b')`;
  const [row] = await sql<{ id: number }[]>`insert into checks (project_id) values (1) returning id`;
  check = row!.id;
  await sql`
    insert into channels (project_id, kind, value, name, notify_down, notify_up, disabled, last_notify_duration_ms) values
      (1, 'email', '{}', 'both', true, true, false, null),
      (1, 'email', '{}', 'down only', true, false, false, 9),
      (1, 'email', '{}', 'up only', false, true, false, 5),
      (1, 'email', '{}', 'disabled', true, true, true, 1),
      (1, 'email', '{}', 'not assigned', true, true, false, 1)`;
  await sql`insert into channel_checks (check_id, channel_id)
            select ${check}, id from channels where name <> 'not assigned'`;
});

const owed = async () =>
  (
    await database.sql<{ line: string }[]>`
      select c.name || ' ' || n.check_status as line from notifications n join channels c on c.id = n.channel_id
      where n.state = 'owed' order by n.id`
  ).map((r) => r.line);

// status-and-alerting.md D2
test.each([
  ['up', 'down', 'timeout', true, ['down only down', 'both down']],
  ['new', 'down', 'fail', true, ['down only down', 'both down']],
  ['paused', 'down', 'timeout', true, ['down only down', 'both down']],
  ['down', 'up', '', true, ['up only up', 'both up']],
  ['new', 'up', '', true, []],
  ['paused', 'up', '', true, []],
  ['up', 'paused', '', true, []],
  ['paused', 'new', '', true, []],
  ['up', 'down', '', false, []],
] as const)(
  '%s → %s (%s, notify %s) owes %j, quickest channel first',
  async (oldStatus, newStatus, reason, notify, expected) => {
    const count = await recordFlips(database.sql, [
      { checkId: check, createdAt: 1_700_000_000_123, oldStatus, newStatus, reason, notify, decision: { rule: 'x' } },
    ]);
    expect(await owed()).toEqual(expected);
    expect(count).toBe(expected.length);
    const [flip] = await database.sql`select old_status, new_status, reason, created_at, decision from flips`;
    expect(flip).toEqual({
      old_status: oldStatus,
      new_status: newStatus,
      reason,
      created_at: 1_700_000_000_123,
      decision: { rule: 'x' },
    });
  },
);

test('equal flips owe their messages once each, in their order', async () => {
  const { sql } = database;
  const [other] = await sql<{ id: number }[]>`insert into checks (project_id) values (1) returning id`;
  await sql`insert into channel_checks (check_id, channel_id) values (${other!.id}, 1)`;
  // Late pings from a spool: their flips all carry the instant of the newest flip that is there.
  const createdAt = 1_700_000_000_123;
  const up = { createdAt, oldStatus: 'down', newStatus: 'up', reason: '' } as const;
  const down = { createdAt, oldStatus: 'up', newStatus: 'down', reason: 'fail' } as const;
  const count = await recordFlips(sql, [
    { ...up, checkId: check },
    { ...down, checkId: check },
    { ...down, checkId: other!.id, notify: false },
    { ...up, checkId: check },
    { ...down, checkId: check, notify: false },
    { ...down, checkId: other!.id },
  ]);
  const [ups, downs] = [
    ['up only up', 'both up'],
    ['down only down', 'both down'],
  ];
  expect(await owed()).toEqual([...ups, ...downs, ...ups, 'both down']);
  expect(count).toBe(7);
  const flips = await sql<{ owes: string }[]>`
    select check_id || ' ' || new_status || ' ' || (select count(*) from notifications where flip_id = f.id) as owes
    from flips f order by id`;
  const [a, b] = [check, other!.id];
  expect(flips.map(({ owes }) => owes)).toEqual([
    `${a} up 2`,
    `${a} down 2`,
    `${b} down 0`,
    `${a} up 2`,
    `${a} down 0`,
    `${b} down 1`,
  ]);
});

test('deleting a check takes its pings, flips and notifications along', async () => {
  const { sql } = database;
  await recordFlips(sql, [{ checkId: check, createdAt: 1, oldStatus: 'up', newStatus: 'down', reason: 'timeout' }]);
  await sql`insert into pings (check_id, n, id, created_at, kind, scheme, method)
            values (${check}, 1, gen_random_uuid(), now(), 'success', 'http', 'GET')`;
  await sql`delete from checks where id = ${check}`;
  for (const table of ['pings', 'flips', 'notifications']) {
    expect(await sql`select 1 from ${sql(table)}`).toHaveLength(0);
  }
});
