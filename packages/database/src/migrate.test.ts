import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrate, pendingMigrations, splitStatements } from './migrate.ts';
import { createTestDatabase, type TestDatabase } from './testing/index.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test('a migrated database has nothing pending, and migrating again changes nothing', async () => {
  expect(await pendingMigrations(database)).toEqual([]);
  expect(await migrate(database)).toEqual([]);
});

test('instants and 64-bit numbers survive the driver', async () => {
  const at = Date.UTC(2026, 10, 21, 8, 56, 23, 123);
  const [row] = await database.sql<{ at: number; far: number; big: number; none: null }[]>`
    select ${at}::timestamptz as at, 'infinity'::timestamptz as far, ${2 ** 40}::bigint as big, null::timestamptz as none`;
  expect(row).toEqual({ at, far: Number.POSITIVE_INFINITY, big: 2 ** 40, none: null });
  const users = await database.db
    .insertInto('users')
    .values({ username: 'u', email: 'a@example.org', next_report_at: at })
    .returning(['id', 'next_report_at', 'created_at'])
    .executeTakeFirstOrThrow();
  expect(users.next_report_at).toBe(at);
  expect(typeof users.id).toBe('number');
});

test('statements are split outside quotes, dollar quotes and comments only', () => {
  expect(splitStatements(`select ';'; -- a; b\ncreate function f() as $$ begin x; end $$;\n\n-- end;\n`)).toEqual([
    `select ';'`,
    `-- a; b\ncreate function f() as $$ begin x; end $$`,
  ]);
});
