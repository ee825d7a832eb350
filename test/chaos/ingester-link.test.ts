/** Fault injection: whatever happens to the link between ingester and database, or to the spool’s disk, each acknowledged ping is found exactly once. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { count, counters, keepSending, type Sent, send } from './acknowledged.ts';
import { chaosBench } from './bench.ts';
import { type FaultyProxy, startProxy } from './proxy.ts';

const bench = chaosBench();

describe('the link to the database', () => {
  let proxy: FaultyProxy;
  beforeEach(async () => {
    proxy = await startProxy({ host: '127.0.0.1', port: bench.postgres.port });
  });
  afterEach(() => proxy.close());

  test('is slow, is cut, goes silent', async () => {
    const ingester = await bench.startIngester({}, bench.postgres.url(proxy.port));
    const sending = keepSending({ ports: [ingester.pingPort], target: bench.target, rate: 800 });
    await sending.acknowledged(500);
    proxy.latency = 30;
    await sending.acknowledged(500);
    proxy.latency = 0;
    for (let i = 0; i < 5; i++) {
      proxy.cut();
      await sending.acknowledged(150);
    }
    // Nobody waits for what does not come.
    proxy.silent = true;
    await sending.acknowledged(2000);
    proxy.silent = false;
    await sending.acknowledged(500);
    proxy.cut();
    await sending.acknowledged(500);
    const sent = await sending.end();
    await bench.applied(ingester);
    await bench.expectExact(sent);
    expect(sent.statuses).toEqual({ 200: sent.acknowledged.size });
  });
});

test.runIf(process.getuid?.() === 0)('the spool’s disk is full: refused, never a false 200', async (context) => {
  const small = join(bench.dataDir, 'small');
  mkdirSync(small);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', small]);
  } catch {
    context.skip('no file system can be mounted here; services/ingester/src/disk.test.ts has what can be done without');
  }
  try {
    const ingester = await bench.startIngester({ SPOOL_DIR: join(small, 'spool') });
    await bench.postgres.kill();
    const sending = keepSending({ ports: [ingester.pingPort], target: bench.target, rate: 1500 });
    await eventually('the disk is full', () => (sending.sent.statuses[503] ?? 0) > 1000);
    const sent = await sending.end();
    await bench.postgres.resume();
    await bench.applied(ingester);
    await bench.expectExact(sent);
    expect(Object.keys(sent.statuses).sort()).toEqual(['200', '503']);
    const after = await send(200, { ports: [ingester.pingPort], target: bench.target, rate: 500 });
    expect(Object.keys(after.statuses)).toEqual(['200']);
    await ingester.end('SIGTERM');
  } finally {
    execFileSync('umount', ['-l', small]);
  }
});

describe('pings that the throttle had answered', () => {
  test('the ingester is killed again and again: nothing is lost, nothing counts twice', async () => {
    const target = { codes: bench.target.codes.slice(0, 5) };
    const ingester = await bench.startIngester({ PING_THROTTLE_SECONDS: '1' });
    const sending = keepSending({ ports: [ingester.pingPort], target, rate: 3000, plain: true });
    let throttled = 0;
    for (let i = 0; i < 4; i++) {
      await sending.acknowledged(2500);
      throttled += await ingester.metric('throttled_total');
      await ingester.end('SIGKILL');
      await ingester.start();
    }
    const sent = await sending.end();
    await bench.applied(ingester);
    expect(await counters(bench.postgres.database, sent)).toEqual({ miscounted: 0, impossible: 0 });
    expect(throttled).toBeGreaterThan(100);
  });

  test('the spool is full when their windows end: what was spooled before them counts, too', async () => {
    const { codes } = bench.target;
    const ingester = await bench.startIngester({ PING_THROTTLE_SECONDS: '2', SPOOL_MAX_BYTES: '20000' });
    const common = { ports: [ingester.pingPort], connections: 8, rate: 500 };
    const coalescing = keepSending({ ...common, target: { codes: codes.slice(0, 5) }, plain: true });
    await coalescing.acknowledged(400);
    await bench.postgres.kill();
    const spooling = keepSending({ ...common, target: { codes: codes.slice(5) } });
    await eventually('the spool is full', () => (spooling.sent.statuses[503] ?? 0) > 1000);
    const [spooled, coalesced] = await Promise.all([spooling.end(), coalescing.end()]);
    expect(Object.keys(spooled.statuses).sort()).toEqual(['200', '503']);
    await bench.postgres.resume();
    await bench.applied(ingester);
    expect(await count(bench.postgres.database, together(spooled, coalesced))).toMatchObject({
      lost: 0,
      twice: 0,
      impossible: 0,
    });
  });

  test('the database is killed, then the ingester', async () => {
    const target = { codes: bench.target.codes.slice(0, 5) };
    const ingester = await bench.startIngester({ PING_THROTTLE_SECONDS: '1' });
    const sending = keepSending({ ports: [ingester.pingPort], target, rate: 3000, plain: true });
    await sending.acknowledged(3000);
    await bench.postgres.kill();
    await sending.acknowledged(3000);
    await ingester.end('SIGKILL');
    await ingester.start();
    await sending.acknowledged(1000);
    await bench.postgres.resume();
    await sending.acknowledged(3000);
    const sent = await sending.end();
    await bench.applied(ingester);
    expect(await counters(bench.postgres.database, sent)).toEqual({ miscounted: 0, impossible: 0 });
  });
});

/** Of different checks. */
function together(one: Sent, other: Sent): Sent {
  return {
    ...one,
    acknowledgedOf: new Map([...one.acknowledgedOf, ...other.acknowledgedOf]),
    sentOf: new Map([...one.sentOf, ...other.sentOf]),
  };
}
