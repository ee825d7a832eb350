import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connect, type Database, type TransactionSql } from './connect.ts';
import { createTestDatabase, type TestDatabase } from './testing/index.ts';
import { type Statement, transact } from './transact.ts';

let database: TestDatabase;
/** One connection, whose round trips are counted, and how often the server is to answer: the protocol's Sync. */
let counted: Database;
let roundTrips = 0;
let syncs = 0;
let delayed = true;

beforeAll(async () => {
  database = await createTestDatabase();
  const { target } = database;
  counted = connect({ target, applicationName: 'counted', max: 1, socket: () => countingSocket(target.hosts[0]!) });
});
afterAll(async () => {
  await counted.close(1);
  await database.drop();
});
beforeEach(async () => {
  await database.sql`drop table if exists t`;
  await database.sql`create table t (n int primary key)`;
});

/** What is written after something was read is another round trip. */
async function countingSocket({ host, port }: { host: string; port: number }): Promise<Socket> {
  const socket = connectTcp(port, host);
  await once(socket, 'connect');
  let answered = true;
  socket.setNoDelay = (never?: boolean) => {
    delayed = never === false;
    return socket;
  };
  socket.on('data', () => {
    answered = true;
  });
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  socket.write = ((...args: unknown[]) => {
    if (answered) roundTrips++;
    answered = false;
    syncs += (args[0] as Buffer).toString('latin1').split('S\0\0\0\x04').length - 1;
    return write(...args);
  }) as Socket['write'];
  return socket;
}

async function numbers(): Promise<number[]> {
  const rows = await database.sql<{ n: number }[]>`select n from t order by n`;
  return rows.map(({ n }) => n);
}

test('begin, statements and commit are one round trip; what is waited for on the way is one more', async () => {
  const atOnce = (n: number) =>
    transact(counted.sql, async (tx) => [tx`insert into t values (${n})`, tx`select ${n + 1}::int as next`]);
  const inTwo = (n: number) =>
    transact(counted.sql, async (tx) => {
      const [row] = await tx<{ next: number }[]>`select ${n + 1}::int as next`;
      return [tx`insert into t values (${row!.next})`];
    });
  await atOnce(1); // prepares the statements
  roundTrips = 0;
  syncs = 0;
  expect(await atOnce(2)).toEqual([{ next: 3 }]);
  expect(roundTrips).toBe(1);
  expect(syncs).toBe(2); // the statements', the commit's
  expect(delayed).toBe(false); // a part of them is not kept back until the server acknowledges the first one
  await inTwo(2);
  expect(roundTrips).toBe(3);
  expect(await numbers()).toEqual([1, 2, 3]);
});

test('nothing is done when one of the last statements fails, or when the work throws', async () => {
  const { sql } = counted;
  await sql`insert into t values (1)`;
  const failing = transact(sql, async (tx) => [
    tx`insert into t values (2)`,
    tx`insert into t values (1)`,
    tx`insert into t values (3)`,
  ]);
  await expect(failing).rejects.toMatchObject({ code: '23505' });
  const thrown = transact(sql, async (tx) => {
    await tx`insert into t values (4)`;
    throw new Error('no');
  });
  await expect(thrown).rejects.toThrow('no');
  expect(await numbers()).toEqual([1]);
  expect(await transact(sql, async (tx) => [tx`insert into t values (5) returning n`])).toEqual([{ n: 5 }]);
});

describe('a statement that the driver cannot send', () => {
  // Found out at once; and after the server has said which type it wants.
  const UNSENDABLE = [
    ['a value that is missing', undefined, 'UNDEFINED_VALUE'],
    ['a value of another type', new Date(Number.NaN), 'RangeError'],
  ] as const;

  test.each(UNSENDABLE)('leaves nothing half done: %s', async (_, value, error) => {
    const failing = transact(counted.sql, async (tx) => [
      tx`insert into t values (2)`,
      tx`insert into t select n from (values (4, ${value as never}::timestamptz)) v (n, at)`,
      tx`insert into t values (3)`,
    ]);
    await expect(failing).rejects.toSatisfy((e: Error & { code?: string }) => e.code === error || e.name === error);
    expect(await numbers()).toEqual([]);
    expect(await transact(counted.sql, async (tx) => [tx`insert into t values (5) returning n`])).toEqual([{ n: 5 }]);
  });

  test.each(UNSENDABLE)('is answered itself, and the others around it get their own: %s', async (_, value, error) => {
    const { sql } = counted;
    const answers = await Promise.allSettled([
      sql`select 1 as n`,
      sql`select ${value as never}::timestamptz as n`,
      sql`select 3 as n`,
    ]);
    expect(answers).toMatchObject([
      { value: [{ n: 1 }] },
      { reason: expect.toSatisfy((e: Error & { code?: string }) => e.code === error || e.name === error) },
      { value: [{ n: 3 }] },
    ]);
  });
});

describe('a statement that fails before the server was to answer', () => {
  let texts = 0;
  test.each<[string, (tx: TransactionSql) => Statement]>([
    ['one that is prepared', (tx) => tx`insert into t values (${2})`],
    ['one that is not', (tx) => tx`insert into t select ${2}::int ${tx.unsafe(`-- ${texts++}`)}`],
    ['one without parameters', (tx) => tx`insert into t values (2)`],
    ['one of the simple protocol', (tx) => tx.unsafe('insert into t values (2)')],
    ['one that cannot be sent', (tx) => tx`insert into t values (${undefined as never})`],
    ['one that fails, too', (tx) => tx`insert into t values (${1})`],
  ])('fails with what comes behind it: %s', async (_, next) => {
    const { sql } = counted;
    await sql`insert into t values (${1})`;
    const failing = transact(sql, async (tx) => [
      tx`insert into t values (${1})`,
      next(tx),
      tx`insert into t values (${3})`,
    ]);
    await expect(failing).rejects.toThrow();
    expect(await numbers()).toEqual([1]);
    expect(await transact(sql, async (tx) => [tx`insert into t values (${5}) returning n`])).toEqual([{ n: 5 }]);
  });

  test('fails by itself where nothing comes behind it', async () => {
    const { sql } = counted;
    await sql`insert into t values (${1})`;
    const failing = sql.begin(async (tx) => {
      await expect(tx`insert into t values (${1})`.unsynced()).rejects.toMatchObject({ code: '23505' });
      await expect(tx`insert into t values (${2})`).rejects.toMatchObject({ code: '25P02' });
    });
    await expect(failing).rejects.toMatchObject({ code: '23505' });
    expect(await numbers()).toEqual([1]);
  });
});

test('more statements than the driver sends without an answer', async () => {
  const all = Array.from({ length: 250 }, (_, i) => i);
  for (const n of [0, 1000]) {
    await transact(counted.sql, async (tx) => [
      ...all.map((i) => tx`insert into t values (${n + i})`),
      tx`insert into t values (${n + 999})`,
    ]);
  }
  expect(await numbers()).toHaveLength(502);
});

test('a statement prepared for a table that was another then is not repeated behind the end of its transaction', async () => {
  const insert = (n: number) =>
    transact(counted.sql, async (tx) => [
      tx`insert into t values (${n}) returning *`,
      tx`insert into t values (${n + 1}) returning *, 'last'`,
    ]);
  await insert(1);
  await database.sql`alter table t add m int`;
  const outdated = 'cached plan must not change result type';
  await expect(insert(3)).rejects.toThrow(outdated); // the first one
  await expect(insert(5)).rejects.toThrow(outdated); // the last one
  expect(await numbers()).toEqual([1, 2]);
  expect(await insert(7)).toMatchObject([{ n: 8, m: null }]);
});

test('where a transaction cannot begin, nothing is done once that is known', async () => {
  const { sql } = counted;
  const begun = sql.begin('nonsense', async (tx) => {
    await tx`select 1`;
    await tx`insert into t values (1)`;
  });
  await expect(begun).rejects.toThrow('syntax error');
  expect(await numbers()).toEqual([]);
  expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
});
