/** Fault injection: whatever happens to the ingester itself, each acknowledged ping is found exactly once. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { spoolStatus } from '@overdue/pings';
import { describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { counters, keepSending, send } from './acknowledged.ts';
import { chaosBench } from './bench.ts';
import { temporaryDirectory } from './processes.ts';

const bench = chaosBench();

describe('the ingester', () => {
  test('is killed again and again under load', async () => {
    const ingester = await bench.startIngester();
    const sending = keepSending({ ports: [ingester.pingPort], target: bench.target, rate: 1500 });
    for (let i = 0; i < 4; i++) {
      await sending.acknowledged(1000);
      await ingester.end('SIGKILL');
      await ingester.start();
    }
    await sending.acknowledged(1000);
    const sent = await sending.end();
    await bench.applied(ingester);
    await bench.expectExact(sent);
  });

  test('is killed while the database is away: the next one replays', async () => {
    const ingester = await bench.startIngester();
    const sending = keepSending({ ports: [ingester.pingPort], target: bench.target, rate: 800 });
    await sending.acknowledged(500);
    await bench.postgres.kill();
    await sending.acknowledged(2000);
    await ingester.end('SIGKILL');
    const { lastAcknowledged } = sending.sent;
    const status = await spoolStatus(join(bench.dataDir, 'spool'));
    expect(status.pings).toBeGreaterThan(100);
    await ingester.start();
    await sending.acknowledged(500);
    await ingester.end('SIGKILL');
    await bench.postgres.resume();
    await ingester.start();
    await sending.acknowledged(500);
    const sent = await sending.end();
    await bench.applied(ingester);
    await bench.expectExact(sent);
    expect((await spoolStatus(join(bench.dataDir, 'spool'))).pings).toBe(0);
    // Until when the first one was receiving is known to within its heartbeat, though it could not say so itself.
    await eventually('its stretch is covered', async () => {
      const [row] = await bench.postgres.database.sql<{ until: number }[]>`
        select max(until_at) as until from coverage where from_at < to_timestamp(${lastAcknowledged} / 1000.0)`;
      return row!.until > lastAcknowledged - 1800;
    });
  });

  test('is told to stop under load: it ends in time with exit code 0, and loses nothing', async () => {
    const ingester = await bench.startIngester({ PING_THROTTLE_SECONDS: '10' });
    const sending = keepSending({ ports: [ingester.pingPort], target: bench.target, rate: 1500, plain: true });
    await sending.acknowledged(2000);
    const began = Date.now();
    expect(await ingester.end('SIGTERM')).toBe(0);
    expect(Date.now() - began).toBeLessThan(15_000);
    const sent = await sending.end();
    expect(await counters(bench.postgres.database, sent)).toEqual({ miscounted: 0, impossible: 0 });
    expect(readdirSync(join(bench.dataDir, 'spool')).filter((name) => name.endsWith('.seg'))).toEqual([]);
  });

  test('two of them on the same checks', async () => {
    const other = temporaryDirectory('chaos-other');
    const a = await bench.startIngester();
    const b = await bench.startIngester({}, bench.postgres.url(), other);
    const target = { codes: bench.target.codes.slice(0, 20) };
    const sent = await send(4000, { ports: [a.pingPort, b.pingPort], target, rate: 1500 });
    await bench.applied(a, b);
    await bench.expectExact(sent);
    expect(sent.statuses).toEqual({ 200: sent.acknowledged.size });
    await b.end('SIGTERM');
    rmSync(other, { recursive: true, force: true });
  });

  test('refuses a spool that another process has', async () => {
    await bench.startIngester();
    await expect(bench.startIngester()).rejects.toThrow(/belongs to process/);
  });
});
