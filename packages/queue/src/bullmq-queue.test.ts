import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '@overdue/clock';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BullmqQueue } from './bullmq-queue.ts';
import { createQueue } from './create-queue.ts';
import type { QueueOptions } from './options.ts';
import { testDeliveryQueue } from './testing/delivery-queue.ts';
import { quiet, TestOutbox, testHandler } from './testing/outbox.ts';
import { redisAvailable, startRedis, type TestRedis } from './testing/redis.ts';
import type { Outcome } from './types.ts';

const SENT: Outcome = { result: 'sent', answer: '200' };
const withRedis = redisAvailable();
/** Of Redis, answers that take longer than a second or three are not waited for; here it is there, and the machine busy. */
const unhurried: Clock = {
  ...systemClock,
  sleep: (delay, signal) => systemClock.sleep(delay === 1000 || delay === 3000 ? 30_000 : delay, signal),
};

describe.runIf(withRedis)('the delivery queue on BullMQ', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  afterEach(() => redis.command('FLUSHALL'));
  testDeliveryQueue((options) => new BullmqQueue({ ...options, redis: redis.target, hold: 1500 }));
});

describe.runIf(withRedis)('Redis may lose everything', () => {
  let database: TestDatabase;
  let redis: TestRedis;
  let outbox: TestOutbox;
  let queue: BullmqQueue;

  beforeEach(async () => {
    database = await createTestDatabase({ max: 12 });
    outbox = await new TestOutbox(database.sql).begin();
    redis = await startRedis();
  });
  afterEach(async () => {
    await queue.stop(500);
    await redis.stop();
    await database.drop();
  });
  function create(options: Partial<QueueOptions> = {}): BullmqQueue {
    queue = new BullmqQueue({
      database,
      clock: systemClock,
      logger: quiet,
      worker: randomUUID(),
      poll: 200,
      // Who loses a lease sends twice: a machine that stands still for a few seconds is not to be taken for that.
      lease: 60_000,
      redis: redis.target,
      hold: 1500,
      ...options,
    });
    return queue;
  }
  async function some(count: number): Promise<number[]> {
    const channels = await outbox.channels(5, (i) => `host ${i}`);
    return await outbox.checks(count, (i) => [channels[i % 5]!]);
  }
  const untilStates = (states: Record<string, number>) => expect.poll(() => outbox.states()).toEqual(states);
  const slowly = async (): Promise<Outcome> => {
    await systemClock.sleep(10);
    return SENT;
  };

  test('jobs go through Redis while it is there', async () => {
    const checks = await some(20);
    await create({ clock: unhurried }).start(testHandler(database.sql, slowly));
    await outbox.flip(checks, 'down');
    await untilStates({ sent: 20 });
    expect(String(await redis.command('INFO', 'commandstats'))).toMatch(/cmdstat_lpush:calls=1,/);
    expect(queue.fallingBack).toBeUndefined();
  });

  test('every key begins with the prefix, so that products can share a Redis', async () => {
    const checks = await some(20);
    queue = createQueue(
      { database, clock: unhurried, logger: quiet, worker: randomUUID(), poll: 200 },
      redis.target,
      'another',
    ) as BullmqQueue;
    await queue.start(testHandler(database.sql, slowly));
    await outbox.flip(checks, 'down');
    await untilStates({ sent: 20 });
    const keys = (await redis.command('KEYS', '*')) as string[];
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.filter((key) => !key.startsWith('another:'))).toEqual([]);
  });

  test('flushed in the middle', async () => {
    const checks = await some(300);
    const handler = testHandler(database.sql, slowly);
    await create({ concurrency: 5 }).start(handler);
    await outbox.flip(checks, 'down');
    for (let i = 0; i < 4; i++) {
      await systemClock.sleep(60);
      await redis.command('FLUSHALL');
    }
    await untilStates({ sent: 300 });
    expect(handler.sent).toHaveLength(300);
  });

  test('killed, away for a while, back and empty', async () => {
    const checks = await some(400);
    const handler = testHandler(database.sql, slowly);
    await create({ concurrency: 5 }).start(handler);
    await outbox.flip(checks.slice(0, 100), 'down');
    await expect.poll(() => handler.sent.length).toBeGreaterThan(10);
    await redis.kill();
    await outbox.flip(checks.slice(100, 200), 'down');
    await untilStates({ sent: 200 });
    await expect.poll(() => queue.fallingBack).toMatch(/Redis/);
    await redis.restart();
    await outbox.flip(checks.slice(200), 'down');
    await untilStates({ sent: 400 });
    await expect.poll(() => queue.fallingBack).toBeUndefined();
    expect(handler.sent).toHaveLength(400);
  });

  test('back with the jobs that it had: what was sent meanwhile is not sent again', async () => {
    await redis.stop();
    const folder = mkdtempSync(join(tmpdir(), 'overdue-redis-'));
    redis = await startRedis({ appendonly: 'yes', appendfsync: 'always', dir: folder });
    const checks = await some(300);
    const handler = testHandler(database.sql, slowly);
    await create({ concurrency: 2 }).start(handler);
    await outbox.flip(checks, 'down');
    const jobs = async () => Number(await redis.command('LLEN', 'overdue:notifications:wait'));
    await expect.poll(jobs, { interval: 5 }).toBeGreaterThan(3);
    await redis.kill();
    await untilStates({ sent: 300 });
    await redis.restart();
    await expect.poll(() => queue.fallingBack).toBeUndefined();
    await expect.poll(jobs).toBe(0);
    await outbox.flip(checks.slice(0, 20), 'up');
    await untilStates({ sent: 320 });
    expect(handler.sent).toHaveLength(320);
    rmSync(folder, { recursive: true });
  });

  test('away from the beginning', async () => {
    await redis.kill();
    const checks = await some(20);
    await outbox.flip(checks, 'down');
    await create().start(testHandler(database.sql, slowly));
    await untilStates({ sent: 20 });
  });

  test('frozen: what is owed goes without it, and it is used again when it answers', async () => {
    const checks = await some(60);
    const handler = testHandler(database.sql, slowly);
    // Once it is known to be frozen, this queue waits for an answer as long as the driver does: 5 seconds.
    let patient = false;
    const sleep: Clock['sleep'] = (delay, signal) =>
      systemClock.sleep(patient && delay === 3000 ? 10_000 : delay, signal);
    await create({ concurrency: 5, clock: { ...systemClock, sleep } }).start(handler);
    await outbox.flip(checks.slice(0, 20), 'down');
    await untilStates({ sent: 20 });
    redis.freeze();
    await outbox.flip(checks.slice(20, 40), 'down');
    await untilStates({ sent: 40 });
    expect(queue.fallingBack).toMatch(/did not answer/);
    // Nothing waits for the answer any more, though it is asked again and again.
    patient = true;
    await database.sql`delete from notifications`;
    for (const [i, check] of checks.slice(20, 40).entries()) {
      await outbox.flip([check], 'up');
      await untilStates({ sent: i + 1 });
    }
    // All but one: the machine may stand still for a moment.
    const [, slow] = await database.sql<{ ms: number }[]>`
      select extract(epoch from finished_at - created_at)::float8 * 1000 as ms from notifications order by 1 desc limit 2`;
    expect(slow!.ms).toBeLessThan(4500);
    redis.thaw();
    await expect.poll(() => queue.fallingBack).toBeUndefined();
    await outbox.flip(checks.slice(40), 'down');
    await untilStates({ sent: 40 });
    expect(handler.sent).toHaveLength(80);
  });

  test('away for minutes', async () => {
    // A minute of this clock is a second. Leases are as long as the clock is fast: they are the database's, too.
    const speed = 60;
    const fast: Clock = {
      ...systemClock,
      monotonic: () => systemClock.monotonic() * speed,
      after: (delay, callback) => systemClock.after(delay / speed, callback),
      every: (period, callback) => systemClock.every(period / speed, callback),
      sleep: (delay, signal) => systemClock.sleep(delay / speed, signal),
    };
    const began = fast.monotonic();
    const checks = await some(200);
    const handler = testHandler(database.sql, slowly);
    await create({ clock: fast, lease: 3_600_000, silence: 3_600_000, poll: 1000 }).start(handler);
    await redis.kill();
    let sent = 0;
    while (fast.monotonic() - began < 5 * 60_000) {
      await outbox.flip(checks.slice(sent, sent + 5), 'down');
      sent += 5;
      await untilStates({ sent });
      await fast.sleep(10_000);
    }
    expect(queue.fallingBack).toMatch(/away/);
    await redis.restart();
    await expect.poll(() => queue.fallingBack).toBeUndefined();
    await outbox.flip(checks.slice(sent), 'down');
    await untilStates({ sent: 200 });
    expect(handler.sent).toHaveLength(200);
  });

  test('out of memory', async () => {
    await redis.command('CONFIG', 'SET', 'maxmemory', '1');
    const checks = await some(50);
    await create().start(testHandler(database.sql, slowly));
    await outbox.flip(checks, 'down');
    await expect.poll(() => String(queue.fallingBack), { interval: 10 }).toMatch(/OOM/);
    await untilStates({ sent: 50 });
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    await outbox.flip(checks, 'up');
    await untilStates({ sent: 100 });
    await expect.poll(() => queue.fallingBack).toBeUndefined();
  });
});
