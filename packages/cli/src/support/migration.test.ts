import { systemClock, VirtualClock } from '@overdue/clock';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { examineDatabase } from '../doctor/database.ts';
import { migrateBeforeStart } from './migration.ts';

/** Only what fails waits that long; in milliseconds. */
const PATIENCE = { timeout: 60_000 };

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

let clock: VirtualClock;
let stopping: AbortController;
let said: string[];
beforeEach(() => {
  clock = new VirtualClock(0);
  stopping = new AbortController();
  said = [];
});

const begin = (more: object = {}) =>
  migrateBeforeStart({
    target: database.target,
    applicationName: 'migrating',
    clock,
    stopping: stopping.signal,
    say: (line) => said.push(line),
    whenDone: async () => 'done',
    ...more,
  });

/** Somebody else migrates, as Kysely's lock says (its adapter for PostgreSQL), until the answer is called. */
async function somebodyMigrates(): Promise<() => Promise<void>> {
  const session = await database.sql.reserve();
  await session`select pg_advisory_lock(3853314791062309107)`;
  return async () => {
    await session`select pg_advisory_unlock(3853314791062309107)`;
    session.release();
  };
}

test('an up-to-date schema needs no patience', async () => {
  expect(await begin()).toBe('done');
  expect(said).toEqual([]);
});

test('while somebody else migrates it waits a few seconds, then goes on in the background', async () => {
  const finish = await somebodyMigrates();
  let asked = false;
  const beginning = begin({
    whenDone: async () => {
      asked = true;
    },
  });
  await clock.advance(6000);
  expect(await beginning).toBeNull();
  expect(said.join(' ')).toContain('still being brought up to date');
  expect(asked).toBe(false);
  await finish();
  await vi.waitFor(() => expect(asked).toBe(true), PATIENCE);
});

test('told to stop while it waits, it ends at once and lets go of its connection', async () => {
  const finish = await somebodyMigrates();
  let asked = false;
  const beginning = begin({
    whenDone: async () => {
      asked = true;
    },
  });
  const waiting = async () =>
    (
      await database.sql`select 1 from pg_stat_activity where application_name = 'migrating' and wait_event = 'advisory'`
    ).length;
  await vi.waitFor(async () => expect(await waiting()).toBe(1), PATIENCE);
  stopping.abort();
  expect(await beginning).toBeNull();
  expect(said).toEqual([]);
  await finish();
  const connections = async () =>
    (await database.sql`select 1 from pg_stat_activity where application_name = 'migrating'`).length;
  await vi.waitFor(async () => expect(await connections()).toBe(0), PATIENCE);
  expect(asked).toBe(false);
});

test('a database that is away is tried again, and said once', async () => {
  let attempts = 0;
  let done = false;
  const answer = begin({
    clock: { ...systemClock, sleep: (_ms: number, signal?: AbortSignal) => systemClock.sleep(signal ? 5 : 0, signal) },
    prepare: async () => {
      if (++attempts <= 3) throw Object.assign(new Error('nobody there'), { code: 'ECONNREFUSED' });
    },
    whenDone: async () => {
      done = true;
    },
  });
  expect(await answer).toBeNull();
  await vi.waitFor(() => expect(done).toBe(true), PATIENCE);
  expect(attempts).toBe(4);
  expect(said.filter((line) => line.includes('nobody there'))).toHaveLength(1);
});

test('a schema that is newer than this release is said, and starts', async () => {
  await database.sql`insert into schema_migrations (name, timestamp) values ('9999_later', ${new Date().toISOString()})`;
  try {
    expect(await begin()).toBe('done');
    expect(said).toEqual(['The database schema is newer than this release, which runs on it: it has 9999_later.']);
    expect(await examineDatabase(database.target, systemClock)).toContainEqual(
      expect.objectContaining({ level: 'doubtful', text: 'newer than this release: it has 9999_later' }),
    );
  } finally {
    await database.sql`delete from schema_migrations where name = '9999_later'`;
  }
});

test('a schema of another line is an error in words, and not that the database is away', async () => {
  await database.sql`insert into schema_migrations (name, timestamp) values ('0003_strange', ${new Date().toISOString()})`;
  try {
    const refusal = /^The database at \S+ cannot be used: The schema is of another line than .* has 0003_strange/;
    await expect(begin()).rejects.toThrow(refusal);
    expect(await examineDatabase(database.target, systemClock)).toMatchObject([
      { level: 'wrong', text: expect.stringMatching(refusal) },
    ]);
  } finally {
    await database.sql`delete from schema_migrations where name = '0003_strange'`;
  }
});

test('a database that refuses is an error in words', async () => {
  await expect(begin({ target: { ...database.target, database: 'no_such_database' } })).rejects.toThrow(
    'has no database "no_such_database"',
  );
});
