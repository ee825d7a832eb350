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
