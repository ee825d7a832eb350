/**
 * patches/postgres: whatever becomes of a connection, each statement is answered with its own result or an error, none
 * runs outside its transaction, and the pool is whole afterwards.
 */
import { type AddressInfo, connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { sql as kysely } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connect, type Database, type TransactionSql } from './connect.ts';
import { createTestDatabase, type TestDatabase } from './testing/index.ts';

let server: TestDatabase;
let link: Link;
let database: Database;
/** Of each test's own: a session whose client has gone sleeps on for a second. */
let name = '';
let tests = 0;

beforeAll(async () => {
  server = await createTestDatabase();
  await server.sql`create table t (n int primary key)`;
});
afterAll(() => server.drop());
beforeEach(async () => {
  await server.sql`truncate t`;
  link = await openLink();
  name = `lost ${++tests}`;
  database = pool();
});
afterEach(async () => {
  await database.close(0);
  link.close();
});

/** A TCP proxy before the server, which can be cut. */
interface Link {
  readonly server: Server;
  /** Connections made so far. */
  made: number;
  /** The server's messages that are passed on are shown here; true: then the connection is cut. */
  cutAfter: ((type: string) => boolean) | null;
  /** New connections get this instead of the server. */
  instead: ((socket: Socket) => void) | null;
  cut(how: 'end' | 'reset'): void;
  close(): void;
}

async function openLink(): Promise<Link> {
  const live = new Set<Socket>();
  const link: Link = {
    server: createServer((client) => {
      link.made += 1;
      client.on('error', () => {});
      if (link.instead) return link.instead(client);
      live.add(client);
      const upstream = connectTcp(server.target.hosts[0]!);
      const end = () => {
        live.delete(client);
        client.destroy();
        upstream.destroy();
      };
      upstream.on('error', end).on('close', end);
      client.on('error', end).on('close', end);
      client.on('data', (bytes) => upstream.write(bytes));
      let rest = Buffer.alloc(0);
      upstream.on('data', (bytes) => {
        rest = Buffer.concat([rest, bytes]);
        while (rest.length >= 5 && rest.length > rest.readInt32BE(1)) {
          const length = rest.readInt32BE(1) + 1;
          client.write(rest.subarray(0, length));
          const type = String.fromCharCode(rest[0]!);
          rest = rest.subarray(length);
          if (link.cutAfter?.(type)) return void client.end(end);
        }
      });
    }),
    made: 0,
    cutAfter: null,
    instead: null,
    cut(how) {
      for (const socket of live) how === 'reset' ? socket.resetAndDestroy() : socket.destroy();
      live.clear();
    },
    close() {
      link.cut('end');
      link.server.close();
    },
  };
  await new Promise<void>((resolve) => link.server.listen(0, '127.0.0.1', resolve));
  return link;
}

const pool = () =>
  connect({
    target: { ...server.target, hosts: [{ host: '127.0.0.1', port: (link.server.address() as AddressInfo).port }] },
    applicationName: name,
    max: 1,
  });

/** `error` for one that failed, `hangs` for one that was not settled in a few seconds. */
async function outcome<T>(statement: PromiseLike<T>): Promise<T | 'error' | 'hangs'> {
  const late = new Promise<'hangs'>((resolve) => void setTimeout(resolve, 4000, 'hangs'));
  return Promise.race([Promise.resolve(statement).catch(() => 'error' as const), late]);
}

const isActive = () =>
  expect.poll(async () => {
    const [row] = await server.sql<{ n: number }[]>`
      select count(*)::int as n from pg_stat_activity
      where application_name = ${name} and state = 'active' and wait_event = 'PgSleep'`;
    return row!.n;
  });

/** The pool answers, at the latest when the driver has heard that its connection is gone. */
async function expectWhole(select = (n: number): PromiseLike<unknown> => database.sql`select ${n}::int as n`) {
  await expect.poll(() => outcome(select(0))).not.toBe('error');
  for (let i = 0; i < 3; i++) expect(await outcome(select(i))).toEqual([{ n: i }]);
}

const numbers = async () => (await server.sql<{ n: number }[]>`select n from t order by n`).map(({ n }) => n);

test('a statement that fails after some of its rows leaves none to the next one', async () => {
  const { sql } = database;
  await expect(sql`select 10 / (3 - n) from generate_series(1, 5) n`).rejects.toMatchObject({ code: '22012' });
  expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
});

test.each(['end', 'reset'] as const)('a connection that is lost in a transaction (%s) is opened again', async (how) => {
  const { sql } = database;
  await sql`select 1`;
  const transaction = outcome(
    sql.begin(async (tx) => {
      await tx`select 1 as x`;
      await tx`select pg_sleep(60)`;
    }),
  );
  await isActive().toBe(1);
  link.cut(how);
  expect(await transaction).toBe('error');
  await expectWhole();
});

test('a session that is ended by the server fails its own statement, and no other', async () => {
  const { sql } = database;
  const slept = outcome(sql`select pg_sleep(60)`);
  await isActive().toBe(1);
  await server.sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = ${name}`;
  expect(await slept).toBe('error');
  for (let i = 0; i < 3; i++) expect(await outcome(sql`select ${i}::int as n`)).toEqual([{ n: i }]);
});

test('a server that takes no new sessions is not asked for them without a pause, and who waits is told', async () => {
  const { sql } = database;
  const slept = outcome(sql`select pg_sleep(60)`);
  await isActive().toBe(1);
  link.instead = (socket) => {
    const fields = Buffer.from('SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0');
    const head = Buffer.from([0x45, 0, 0, 0, 0]);
    head.writeInt32BE(fields.length + 4, 1);
    socket.once('data', () => socket.end(Buffer.concat([head, fields])));
  };
  link.cut('end');
  expect(await slept).toBe('error');
  const before = link.made;
  await expect(Promise.race([sql`select 1`, outcome(new Promise(() => {}))])).rejects.toMatchObject({ code: '57P03' });
  expect(link.made - before).toBe(1);
  link.instead = null;
  await expectWhole();
});

test('a statement whose plan is out of date, and whose connection is lost then, is not repeated by itself', async () => {
  const { sql } = database;
  await server.sql`create table if not exists plan (n int)`;
  const insert = () =>
    sql.begin(async (tx) => {
      await tx`insert into plan values (${1}) returning *`;
      throw new Error('rolled back');
    });
  for (let i = 0; i < 2; i++) await expect(insert()).rejects.toThrow('rolled back');
  await server.sql`alter table plan add m int`;
  link.cutAfter = (type) => type === 'E';
  expect(await outcome(insert())).toBe('error');
  link.cutAfter = null;
  await expectWhole();
  expect(await server.sql`select * from plan`).toEqual([]);
});

describe('a transaction whose connection was lost while it waited for something else', () => {
  /** Begun, its connection cut, and told so. `goOn` lets its work go on with `after`. */
  async function lostTransaction(after: (tx: TransactionSql) => Promise<unknown>): Promise<{ goOn(): void }> {
    let begun = () => {};
    let goOn = () => {};
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    const goesOn = new Promise<void>((resolve) => (goOn = resolve));
    const transaction = outcome(
      database.sql.begin(async (tx) => {
        await tx`insert into t values (1)`;
        begun();
        await goesOn;
        await after(tx);
      }),
    );
    await hasBegun;
    link.cut('end');
    expect(await transaction).toBe('error');
    return { goOn };
  }

  test('does not go on in the next session', async () => {
    let inner: unknown;
    const { goOn } = await lostTransaction(async (tx) => {
      inner = await outcome(tx`insert into t values (2)`);
    });
    await expectWhole();
    goOn();
    await expect.poll(() => inner).toBe('error');
    expect(await numbers()).toEqual([]);
  });

  test('does not roll another one back', async () => {
    const { goOn } = await lostTransaction(() => Promise.reject(new Error('gave up')));
    const other = database.sql.begin(async (tx) => {
      await tx`insert into t values (10)`;
      goOn();
      await tx`select pg_sleep(0.1)`;
      await tx`insert into t values (11)`;
      return 'committed';
    });
    expect(await outcome(other)).toBe('committed');
    expect(await numbers()).toEqual([10, 11]);
  });

  test('leaves no statement of it waiting', async () => {
    const { sql } = database;
    let statements: Promise<unknown>[] = [];
    const transaction = outcome(
      sql.begin(async (tx) => {
        // With a parameter: the driver asks the server for its type, and sends nothing else meanwhile.
        const sent = [tx`select pg_sleep(${60}::int)`, tx`select 2`, tx`select 3`].map((one) => one.execute());
        statements = sent.map((one) => outcome(one));
        await Promise.all(sent);
      }),
    );
    await isActive().toBe(1);
    link.cut('end');
    expect([await transaction, ...(await Promise.all(statements))]).toEqual(['error', 'error', 'error', 'error']);
  });
});

describe('behind a statement that fails before the server was to answer', () => {
  test('one of the simple protocol fails, and the others get their own answers', async () => {
    const { sql } = database;
    const [five, six] = [(tx: TransactionSql) => tx`select 5 as five`, (tx: TransactionSql) => tx`select 6 as six`];
    const insert = (tx: TransactionSql) => tx`insert into t values (${1})`;
    await sql.begin((tx) => Promise.all([insert, five, six].map((one) => one(tx)))); // they are prepared now
    let outcomes: PromiseSettledResult<unknown>[] = [];
    await sql
      .begin(async (tx) => {
        const sent = [
          insert(tx).unsynced(),
          tx.unsafe('insert into t values (2)'),
          five(tx),
          six(tx),
        ] as unknown as PromiseLike<unknown>[];
        outcomes = await Promise.allSettled(sent);
      })
      .catch(() => {});
    expect(outcomes.map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
    await expectWhole();
    expect(await numbers()).toEqual([1]);
  });

  test('an empty one has its own answer', async () => {
    const answers = await database.sql.begin(async (tx) =>
      Promise.all([tx``.unsynced(), tx`select 5 as five`] as unknown as PromiseLike<unknown>[]),
    );
    expect(answers).toEqual([[], [{ five: 5 }]]);
    await expectWhole();
  });
});

test('a pool that was closed while it waited for a session does not open one afterwards', async () => {
  link.instead = (socket) => void socket.resetAndDestroy();
  const pools = Array.from({ length: 5 }, () => pool());
  for (const { sql } of pools) expect(await outcome(sql.reserve())).toBe('error');
  await Promise.all(pools.map((one) => one.close(0)));
  const before = link.made;
  link.instead = null;
  await new Promise((resolve) => setTimeout(resolve, 500)); // longer than the driver's pause
  expect(link.made).toBe(before);
});

test.each(['end', 'reset'] as const)('Kysely: a connection that is lost (%s) is opened again', async (how) => {
  const select = (n: number) => kysely<{ n: number }>`select ${n}::int as n`.execute(database.db).then((r) => r.rows);
  await select(1);
  const slept = outcome(kysely`select pg_sleep(60)`.execute(database.db));
  await isActive().toBe(1);
  link.cut(how);
  expect(await slept).toBe('error');
  await expectWhole(select);
  await expectWhole();
});
