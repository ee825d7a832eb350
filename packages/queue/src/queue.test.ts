import { randomUUID } from 'node:crypto';
import { systemClock } from '@overdue/clock';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BullmqQueue } from './bullmq-queue.ts';
import { PostgresQueue, type QueueOptions } from './postgres-queue.ts';
import { quiet, TestOutbox, testHandler } from './testing/outbox.ts';
import { redisAvailable, startRedis, type TestRedis } from './testing/redis.ts';
import type { DeliveryQueue, Outcome } from './types.ts';

const SENT: Outcome = { result: 'sent', answer: '200' };
const withRedis = redisAvailable();

describe.each(['postgres', 'bullmq'] as const)('delivery queue on %s', (driver) => {
  if (driver === 'bullmq' && !withRedis) return test.skip('needs redis-server', () => undefined);

  let database: TestDatabase;
  let redis: TestRedis | undefined;
  let outbox: TestOutbox;
  const running: DeliveryQueue[] = [];

  beforeAll(async () => {
    if (driver === 'bullmq') redis = await startRedis();
  });
  afterAll(() => redis?.stop());
  beforeEach(async () => {
    database = await createTestDatabase({ max: 12 });
    outbox = await new TestOutbox(database.sql).begin();
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((queue) => queue.stop(500)));
    await database.drop();
    await redis?.command('FLUSHALL');
  });

  function create(options: Partial<QueueOptions> = {}): DeliveryQueue {
    const all = {
      database,
      clock: systemClock,
      logger: quiet,
      worker: randomUUID(),
      poll: 200,
      random: () => 0,
      ...options,
    };
    const queue =
      driver === 'postgres' ? new PostgresQueue(all) : new BullmqQueue({ ...all, redis: redis!.target, hold: 1500 });
    running.push(queue);
    return queue;
  }

  test('sends what is owed already, and what becomes owed, once each', async () => {
    const [channel] = await outbox.channels(1, () => 'host');
    const checks = await outbox.checks(20, () => [channel!]);
    await outbox.flip(checks.slice(0, 10), 'down');
    const handler = testHandler(database.sql, () => SENT);
    await create().start(handler);
    await expect.poll(() => outbox.states(), { timeout: 5000 }).toEqual({ sent: 10 });
    await outbox.flip(checks.slice(10), 'down');
    await expect.poll(() => outbox.states(), { timeout: 2000 }).toEqual({ sent: 20 });
    expect(new Set(handler.sent.map((s) => s.claim.id)).size).toBe(20);
    expect(handler.sent).toHaveLength(20);
    const [row] = await database.sql`select * from notifications limit 1`;
    expect(row).toMatchObject({ attempts: 1, error: '', leased_by: null, log: [{ answer: '200' }] });
    const [c] = await database.sql`select * from channels`;
    expect(c).toMatchObject({ last_error: '', disabled: false, last_notify: expect.any(Number) });
  });

  test('several workers share the work and send nothing twice', async () => {
    const channels = await outbox.channels(10, (i) => `host ${i}`);
    const checks = await outbox.checks(300, (i) => [channels[i % 10]!]);
    const handlers = [1, 2, 3].map(() =>
      testHandler(database.sql, async () => {
        await systemClock.sleep(2);
        return SENT;
      }),
    );
    for (const handler of handlers) await create({ concurrency: 10 }).start(handler);
    await outbox.flip(checks, 'down');
    await expect.poll(() => outbox.states(), { timeout: 10_000 }).toEqual({ sent: 300 });
    const ids = handlers.flatMap((handler) => handler.sent.map((s) => s.claim.id));
    expect(ids).toHaveLength(300);
    expect(new Set(ids).size).toBe(300);
  });

  test('of one check to one channel "up" waits for "down", whatever happens to it; other checks do not', async () => {
    const [channel] = await outbox.channels(1, () => 'host');
    const [one, other] = await outbox.checks(2, () => [channel!]);
    await outbox.flip([one!], 'down');
    await outbox.flip([one!], 'up');
    await outbox.flip([one!], 'down');
    await outbox.flip([other!], 'down');
    let failures = 2;
    const handler = testHandler(database.sql, ({ claim }) => {
      if (claim.checkId === one && failures-- > 0) return { result: 'retry', error: 'not now' };
      return SENT;
    });
    await create().start(handler);
    await expect.poll(() => outbox.states(), { timeout: 10_000 }).toEqual({ sent: 4 });
    const order = handler.sent.filter((s) => s.claim.checkId === one).map((s) => s.claim.checkStatus);
    expect(order).toEqual(['down', 'down', 'down', 'up', 'down']);
    const ids = handler.sent.filter((s) => s.claim.checkId === one).map((s) => s.claim.id);
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
    expect(handler.sent.findIndex((s) => s.claim.checkId === other)).toBeLessThan(3);
  });

  test('an error worth it is tried again later, and shown meanwhile', async () => {
    const [channel] = await outbox.channels(1, () => 'host');
    const [check] = await outbox.checks(1, () => [channel!]);
    const handler = testHandler(database.sql, ({ claim }) =>
      claim.attempts === 0 ? { result: 'retry', error: 'Received status code 500' } : SENT,
    );
    await create().start(handler);
    await outbox.flip([check!], 'down');
    await expect
      .poll(async () => (await database.sql`select last_error from channels`)[0], { timeout: 5000 })
      .toEqual({ last_error: 'Received status code 500' });
    const [waiting] = await database.sql`
      select state, error, attempts, next_attempt_at - finished_at as x from notifications`;
    expect(waiting).toMatchObject({ state: 'owed', error: 'Received status code 500', attempts: 1 });
    await expect.poll(() => outbox.states(), { timeout: 5000 }).toEqual({ sent: 1 });
    const [row] = await database.sql<{ log: { answer: string; at: number }[] }[]>`select log from notifications`;
    expect(row!.log.map((entry) => entry.answer)).toEqual(['Received status code 500', '200']);
    expect(row!.log[1]!.at - row!.log[0]!.at).toBeGreaterThanOrEqual(490);
    expect((await database.sql`select last_error from channels`)[0]).toEqual({ last_error: '' });
  });

  test('Retry-After is honoured', async () => {
    const [channel] = await outbox.channels(1, () => 'host');
    const [check] = await outbox.checks(1, () => [channel!]);
    const handler = testHandler(database.sql, ({ claim }) =>
      claim.attempts === 0 ? { result: 'retry', error: 'Received status code 429', retryAfter: 2000 } : SENT,
    );
    await create().start(handler);
    await outbox.flip([check!], 'down');
    await expect.poll(() => outbox.states(), { timeout: 6000 }).toEqual({ sent: 1 });
    const [row] = await database.sql<{ log: { at: number; retry_after?: number }[] }[]>`select log from notifications`;
    expect(row!.log[0]!.retry_after).toBe(2000);
    expect(row!.log[1]!.at - row!.log[0]!.at).toBeGreaterThanOrEqual(1950);
  });

  test('a permanent failure ends the message and switches the channel off', async () => {
    const [channel] = await outbox.channels(1, () => 'host');
    const [check] = await outbox.checks(1, () => [channel!]);
    await outbox.flip([check!], 'down');
    await create().start(
      testHandler(database.sql, () => ({ result: 'failed', error: 'Received status code 404', disable: true })),
    );
    await expect.poll(() => outbox.states(), { timeout: 5000 }).toEqual({ failed: 1 });
    expect((await database.sql`select disabled, last_error from channels`)[0]).toEqual({
      disabled: true,
      last_error: 'Received status code 404',
    });
  });

  test('after 24 hours a message is given up', async () => {
    const [channel] = await outbox.channels(1, () => 'host');
    const [check] = await outbox.checks(1, () => [channel!]);
    await outbox.flip([check!], 'down');
    await database.sql`update notifications set created_at = now() - interval '25 hours', attempts = 30`;
    await create().start(testHandler(database.sql, () => ({ result: 'retry', error: 'Connection failed' })));
    await expect.poll(() => outbox.states(), { timeout: 5000 }).toEqual({ failed: 1 });
    expect((await database.sql`select error, attempts from notifications`)[0]).toEqual({
      error: 'Connection failed',
      attempts: 31,
    });
  });

  test('what the handler throws is an error worth another attempt', async () => {
    const [channel] = await outbox.channels(1, () => 'host');
    const [check] = await outbox.checks(1, () => [channel!]);
    await outbox.flip([check!], 'down');
    await create().start(
      testHandler(database.sql, ({ claim }) => {
        if (claim.attempts === 0) throw new Error('boom');
        return SENT;
      }),
    );
    await expect.poll(() => outbox.states(), { timeout: 5000 }).toEqual({ sent: 1 });
    const [row] = await database.sql<{ log: { answer: string }[] }[]>`select log from notifications`;
    expect(row!.log[0]!.answer).toBe('boom');
  });

  test('a message whose channel is gone is dropped', async () => {
    const [channel] = await outbox.channels(1, () => 'host');
    const [check] = await outbox.checks(1, () => [channel!]);
    await outbox.flip([check!], 'down');
    await create().start({ prepare: async () => new Map() });
    await expect.poll(() => outbox.states(), { timeout: 5000 }).toEqual({ dropped: 1 });
  });

  test('when a worker dies, another takes over once its lease ends; a slow one keeps its lease', async () => {
    const [channel] = await outbox.channels(1, () => 'host');
    const [dies, slow] = await outbox.checks(2, () => [channel!]);
    await outbox.flip([dies!], 'down');
    await database.sql`
      update notifications set leased_by = ${randomUUID()}, leased_until = now() + interval '1 second', error = 'Sending'`;
    await outbox.flip([slow!], 'down');
    const handler = testHandler(database.sql, async ({ claim }) => {
      if (claim.checkId === slow) await systemClock.sleep(2000);
      return SENT;
    });
    const began = Date.now();
    await create({ lease: 600 }).start(handler);
    await create({ lease: 600 }).start(handler);
    await expect.poll(() => outbox.states(), { timeout: 6000 }).toEqual({ sent: 2 });
    expect(Date.now() - began).toBeGreaterThan(900);
    expect(handler.sent.map((s) => s.claim.checkId).toSorted()).toEqual([dies, slow].toSorted());
  });

  test('a dead destination does not hold up the others, and gets its messages when it is back', async () => {
    const channels = await outbox.channels(10, (i) => (i === 0 ? 'dead' : `host ${i}`));
    // Most of what is owed, and the first in the queue, is for the dead one.
    const forDead = await outbox.checks(200, () => [channels[0]!]);
    const forOthers = await outbox.checks(90, (i) => [channels[1 + (i % 9)]!]);
    await outbox.flip(forDead, 'down');
    await outbox.flip(forOthers, 'down');
    let dead = true;
    const handler = testHandler(database.sql, async ({ to }) => {
      if (to !== 'dead' || !dead) return SENT;
      await systemClock.sleep(300);
      return { result: 'retry', error: 'Connection timed out', unreachable: true };
    });
    const began = Date.now();
    await create({ concurrency: 20, gate: { perDestination: 4 } }).start(handler);
    await expect.poll(() => outbox.states(), { timeout: 5000, interval: 20 }).toMatchObject({ sent: 90 });
    expect(Date.now() - began).toBeLessThan(2500);
    const attempts = handler.sent.filter((s) => s.to === 'dead').length;
    expect(attempts).toBeGreaterThan(0);
    expect(attempts).toBeLessThan(40);
    dead = false;
    await expect.poll(() => outbox.states(), { timeout: 15_000 }).toEqual({ sent: 290 });
  });

  test('stop waits for what is being sent and gives the rest back', async () => {
    const [channel] = await outbox.channels(1, () => 'host');
    const checks = await outbox.checks(30, () => [channel!]);
    await outbox.flip(checks, 'down');
    const handler = testHandler(database.sql, async () => {
      await systemClock.sleep(300);
      return SENT;
    });
    const queue = create({ gate: { perDestination: 5 } });
    await queue.start(handler);
    await expect.poll(() => handler.sent.length, { timeout: 3000 }).toBe(5);
    await queue.stop(3000);
    const begun = handler.sent.length;
    expect(await outbox.states()).toEqual({ sent: begun, owed: 30 - begun });
    expect(await database.sql`select 1 from notifications where leased_by is not null`).toHaveLength(0);
    const next = testHandler(database.sql, () => SENT);
    await create().start(next);
    await expect.poll(() => outbox.states(), { timeout: 10_000 }).toEqual({ sent: 30 });
    expect(next.sent).toHaveLength(30 - begun);
  });

  test('stop does not wait for ever: what is still being sent is left to another worker', async () => {
    const [channel] = await outbox.channels(1, () => 'host');
    const [check] = await outbox.checks(1, () => [channel!]);
    await outbox.flip([check!], 'down');
    const hanging = testHandler(database.sql, async () => {
      await systemClock.sleep(1500);
      return { result: 'retry', error: 'aborted' };
    });
    const queue = create();
    await queue.start(hanging);
    await expect.poll(() => hanging.sent.length, { timeout: 3000 }).toBe(1);
    await queue.stop(200);
    await create().start(testHandler(database.sql, () => SENT));
    await expect.poll(() => outbox.states(), { timeout: 5000 }).toEqual({ sent: 1 });
    await systemClock.sleep(1300);
    expect((await database.sql`select state, attempts from notifications`)[0]).toEqual({ state: 'sent', attempts: 1 });
  });

  test('outlives connections to the database being cut', async () => {
    const [channel] = await outbox.channels(1, () => 'host');
    const checks = await outbox.checks(60, () => [channel!]);
    const handler = testHandler(database.sql, async () => {
      await systemClock.sleep(20);
      return SENT;
    });
    await create({ concurrency: 4 }).start(handler);
    await outbox.flip(checks, 'down');
    for (let i = 0; i < 3; i++) {
      await systemClock.sleep(60);
      await database.sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`.catch(() => undefined);
    }
    await expect.poll(() => outbox.states().catch(() => ({})), { timeout: 15_000 }).toEqual({ sent: 60 });
    expect(new Set(handler.sent.map((s) => s.claim.id)).size).toBe(60);
  });
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
  const slowly = async (): Promise<Outcome> => {
    await systemClock.sleep(10);
    return SENT;
  };

  test('jobs go through Redis while it is there', async () => {
    const checks = await some(20);
    await create().start(testHandler(database.sql, slowly));
    await outbox.flip(checks, 'down');
    await expect.poll(() => outbox.states(), { timeout: 5000 }).toEqual({ sent: 20 });
    expect(String(await redis.command('INFO', 'commandstats'))).toMatch(/cmdstat_lpush:calls=1,/);
    expect(queue.fallingBack).toBeUndefined();
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
    await expect.poll(() => outbox.states(), { timeout: 15_000 }).toEqual({ sent: 300 });
    expect(handler.sent).toHaveLength(300);
  });

  test('killed, away for a while, back and empty', async () => {
    const checks = await some(400);
    const handler = testHandler(database.sql, slowly);
    await create({ concurrency: 5 }).start(handler);
    await outbox.flip(checks.slice(0, 100), 'down');
    await expect.poll(() => handler.sent.length, { timeout: 5000 }).toBeGreaterThan(10);
    await redis.kill();
    await outbox.flip(checks.slice(100, 200), 'down');
    await expect.poll(() => outbox.states(), { timeout: 10_000 }).toEqual({ sent: 200 });
    expect(queue.fallingBack).toMatch(/Redis/);
    await redis.restart();
    await outbox.flip(checks.slice(200), 'down');
    await expect.poll(() => outbox.states(), { timeout: 15_000 }).toEqual({ sent: 400 });
    await expect.poll(() => queue.fallingBack, { timeout: 5000 }).toBeUndefined();
    expect(handler.sent).toHaveLength(400);
  });

  test('away from the beginning', async () => {
    await redis.kill();
    const checks = await some(20);
    await outbox.flip(checks, 'down');
    await create().start(testHandler(database.sql, slowly));
    await expect.poll(() => outbox.states(), { timeout: 5000 }).toEqual({ sent: 20 });
  });

  test('out of memory', async () => {
    await redis.command('CONFIG', 'SET', 'maxmemory', '1');
    const checks = await some(50);
    await create().start(testHandler(database.sql, slowly));
    await outbox.flip(checks, 'down');
    await expect.poll(() => String(queue.fallingBack), { timeout: 5000, interval: 10 }).toMatch(/OOM/);
    await expect.poll(() => outbox.states(), { timeout: 8000 }).toEqual({ sent: 50 });
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    await outbox.flip(checks, 'up');
    await expect.poll(() => outbox.states(), { timeout: 8000 }).toEqual({ sent: 100 });
    await expect.poll(() => queue.fallingBack, { timeout: 5000 }).toBeUndefined();
  });
});
