/** Fault injection: whatever happens to the ingester’s database, each acknowledged ping is found exactly once. */
import { connect, type Database } from '@overdue/database';
import { embeddedTarget } from '@overdue/database/embedded';
import { describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { keepSending, makeChecks, send } from './acknowledged.ts';
import { chaosBench } from './bench.ts';

const bench = chaosBench();

describe('the database', () => {
  test('is killed and comes back', async () => {
    const ingester = await bench.startIngester();
    const sending = keepSending({ ports: [ingester.pingPort], target: bench.target, rate: 1000 });
    await sending.acknowledged(1000);
    await bench.postgres.kill();
    const killedAt = Date.now();
    await sending.acknowledged(2000);
    const seconds = (Date.now() - killedAt) / 1000;
    await bench.postgres.resume();
    await sending.acknowledged(1000);
    const sent = await sending.end();
    await bench.applied(ingester);
    await bench.expectExact(sent);
    expect(sent.statuses).toEqual({ 200: sent.acknowledged.size });
    expect(await ingester.metric('replayed_total')).toBeGreaterThan(1000);
    // What was received while it was away carries its own instants, and the stretch is covered.
    const [late] = await bench.postgres.database.sql<{ spread: number; rows: number; covered: number }[]>`
      select extract(epoch from max(created_at) - min(created_at))::float8 as spread, count(*)::int as rows,
             (select extract(epoch from max(until_at) - min(from_at))::float8 from coverage) as covered
      from pings`;
    expect(late!.spread).toBeGreaterThan(seconds);
    await eventually('the coverage spans the outage in one row', async () => {
      const rows = await bench.postgres.database.sql<{ seconds: number }[]>`
        select extract(epoch from until_at - from_at)::float8 as seconds from coverage`;
      return rows.length === 1 && rows[0]!.seconds > seconds;
    });
  });

  test('hangs (SIGSTOP) and goes on; nobody waits longer than PING_DB_TIMEOUT_MS', async () => {
    const budget = 2000;
    const ingester = await bench.startIngester({ PING_DB_TIMEOUT_MS: String(budget) });
    // So many checks that most pings need a look-up: that and the commit share one budget.
    const target = await makeChecks(bench.postgres.database, 20_000);
    const sending = keepSending({ ports: [ingester.pingPort], target, rate: 1000, connections: 256 });
    // A machine that stands still makes answers late, too: of a few times, the best counts.
    const slowest: number[] = [];
    do {
      await eventually('nothing is spooled', async () => (await ingester.metric('spooling')) === 0);
      await sending.acknowledged(500);
      sending.sent.slowestMs = 0;
      bench.postgres.freeze();
      await sending.acknowledged(2500);
      bench.postgres.thaw();
      slowest.push(sending.sent.slowestMs);
    } while (Math.min(...slowest) > 1.5 * budget && slowest.length < 4);
    const sent = await sending.end();
    await bench.applied(ingester);
    await bench.expectExact(sent);
    expect(sent.statuses).toEqual({ 200: sent.acknowledged.size });
    expect(Math.min(...slowest)).toBeGreaterThan(budget / 2);
    expect(Math.min(...slowest)).toBeLessThan(1.5 * budget);
  });

  test('is restarted in order', async () => {
    const ingester = await bench.startIngester();
    const sending = keepSending({ ports: [ingester.pingPort], target: bench.target, rate: 1000 });
    await sending.acknowledged(1000);
    await bench.postgres.stop();
    await bench.postgres.resume();
    await sending.acknowledged(1000);
    const sent = await sending.end();
    await bench.applied(ingester);
    await bench.expectExact(sent);
    expect(sent.statuses).toEqual({ 200: sent.acknowledged.size });
  });

  test('ends every connection again and again', async () => {
    const ingester = await bench.startIngester();
    const sending = keepSending({ ports: [ingester.pingPort], target: bench.target, rate: 1000 });
    for (let i = 0; i < 7; i++) {
      await sending.acknowledged(500);
      await bench.postgres.database.sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = 'overdue' and pid <> pg_backend_pid() and application_name like 'overdue%'`;
    }
    await sending.acknowledged(500);
    const sent = await sending.end();
    await bench.applied(ingester);
    await bench.expectExact(sent);
    expect(sent.statuses).toEqual({ 200: sent.acknowledged.size });
  });

  test('lets nobody in', async () => {
    const ingester = await bench.startIngester();
    const admin = connect({
      target: embeddedTarget(bench.postgres.port, 'postgres'),
      applicationName: 'chaos',
      max: 1,
    });
    try {
      await admin.sql.unsafe('alter database overdue allow_connections false');
      await admin.sql`
        select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'overdue%'`;
      const sent = await send(500, { ports: [ingester.pingPort], target: bench.target, rate: 500 });
      await admin.sql.unsafe('alter database overdue allow_connections true');
      expect(sent.statuses).toEqual({ 200: sent.acknowledged.size });
      await bench.applied(ingester);
      await bench.expectExact(sent);
    } finally {
      await admin.sql.unsafe('alter database overdue allow_connections true');
      await admin.close();
    }
  });

  test('has no connections left', async () => {
    await bench.postgres.stop();
    await bench.postgres.resume({ max_connections: '20', superuser_reserved_connections: '0' });
    const ingester = await bench.startIngester();
    const hoard: Database[] = [];
    const admin = await hoardOne(bench.postgres.port);
    try {
      // Whoever opens a connection first has it: until the ingester has none.
      await eventually('every connection is taken by others', async () => {
        await admin.sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'overdue%'`;
        for (;;) {
          const one = await hoardOne(bench.postgres.port).catch((error: { code?: string }) => error.code);
          if (typeof one === 'string') expect(one).toBe('53300');
          if (typeof one !== 'object') break;
          hoard.push(one);
        }
        const [row] = await admin.sql<{ n: number }[]>`
          select count(*)::int as n from pg_stat_activity where application_name like 'overdue%'`;
        return row!.n === 0;
      });
      const sent = await send(1000, { ports: [ingester.pingPort], target: bench.target, rate: 500 });
      expect(sent.statuses).toEqual({ 200: sent.acknowledged.size });
      expect(await ingester.metric('spool_pings')).toBe(sent.acknowledged.size);
      await Promise.all(hoard.splice(0).map((one) => one.close(1)));
      await bench.applied(ingester);
      await bench.expectExact(sent);
    } finally {
      await Promise.all([admin, ...hoard].map((one) => one.close(1)));
      await bench.postgres.stop();
      await bench.postgres.resume();
    }
  });
});

/** Takes one connection of the server, and keeps it. @throws the server's error */
async function hoardOne(port: number): Promise<Database> {
  const database = connect({ target: embeddedTarget(port, 'postgres'), applicationName: 'hoard', max: 1 });
  try {
    await database.sql`select 1`;
    return database;
  } catch (error) {
    await database.close(0);
    throw error;
  }
}
