import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { MigrationError, migrate, newerMigrations, pendingMigrations, splitStatements } from './migrate.ts';
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

describe('beside another release', () => {
  let folder: URL;
  let names: string[];
  beforeEach(async () => {
    const copy = await mkdtemp(join(tmpdir(), 'overdue-migrations-'));
    folder = pathToFileURL(`${copy}/`);
    await cp(new URL('../migrations/', import.meta.url), folder, { recursive: true });
    names = (await readdir(folder)).map((file) => file.slice(0, -'.sql'.length)).sort();
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const bring = (name: string, text: string) => writeFile(new URL(`${name}.sql`, folder), text);
  const lack = (name: string) => rm(new URL(`${name}.sql`, folder));
  const executed = () => database.sql`select name, timestamp from schema_migrations order by name`;

  test('an older one runs on the schema of a newer one, and leaves it as it is', async () => {
    const before = await executed();
    const later = names.slice(-2);
    for (const name of later) await lack(name);
    expect(await migrate(database, folder)).toEqual([]);
    expect(await newerMigrations(database, folder)).toEqual(later);
    expect(await executed()).toEqual(before);
    expect(await newerMigrations(database)).toEqual([]);
  });

  test('a newer one that migrates while an older one waits for it does not stop that', async () => {
    const empty = await createTestDatabase({ max: 2 });
    try {
      await empty.sql.unsafe('drop schema public cascade; create schema public');
      await lack(names.at(-1)!);
      const both = await Promise.all([migrate(empty), migrate(empty, folder)]);
      expect(both.flat().sort()).toEqual(names);
    } finally {
      await empty.drop();
    }
  });

  test.each([
    ['that is not ours before our newest', () => lack(names[2]!), () => `it has ${names[2]}, which`],
    [
      'later than one of ours that it lacks',
      () => bring('0003_forgotten', 'select 1'),
      () => 'it lacks 0003_forgotten',
    ],
  ])('a migration %s is refused in words', async (_, change, words) => {
    const before = await executed();
    await change();
    for (const ask of [migrate, newerMigrations]) {
      const error = await ask(database, folder).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(MigrationError);
      expect((error as Error).message).toContain(words());
    }
    expect(await executed()).toEqual(before);
  });

  test('one that fails is named, and nothing of it is kept', async () => {
    await bring('9999_wrong', 'create table kept (id int); select no_such_column');
    await expect(migrate(database, folder)).rejects.toThrow(/^Migration 9999_wrong failed: .*no_such_column/);
    expect(await database.sql`select 1 from pg_class where relname = 'kept'`).toHaveLength(0);
  });
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
