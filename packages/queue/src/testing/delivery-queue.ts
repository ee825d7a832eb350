import { randomUUID } from 'node:crypto';
import { type Clock, systemClock } from '@overdue/clock';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { QueueOptions } from '../options.ts';
import type { DeliveryQueue, Outcome } from '../types.ts';
import { quiet, TestOutbox, testHandler } from './outbox.ts';

const SENT: Outcome = { result: 'sent', answer: '200' };
/** Who loses a lease sends twice: a machine that stands still for a few seconds is not to be taken for that. In ms. */
const LONG_LEASE = 60_000;

/**
 * What every driver of the delivery queue promises (docs/alerting.md), as tests.
 * @param make a queue with these options, not started; it is stopped after the test
 */
export function testDeliveryQueue(make: (options: QueueOptions) => DeliveryQueue): void {
  let database: TestDatabase;
  let outbox: TestOutbox;
  const running: DeliveryQueue[] = [];

  beforeEach(async () => {
    database = await createTestDatabase({ max: 12 });
    outbox = await new TestOutbox(database.sql).begin();
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((queue) => queue.stop(500)));
    await database.drop();
  });

  function create(options: Partial<QueueOptions> = {}): DeliveryQueue {
    const common = { database, clock: systemClock, logger: quiet, worker: randomUUID(), poll: 200, random: () => 0 };
    const queue = make({ ...common, lease: LONG_LEASE, ...options });
    running.push(queue);
    return queue;
  }

  const untilStates = (states: Record<string, number>) =>
    expect.poll(() => outbox.states().catch(() => ({}))).toEqual(states);

  test('sends what is owed already, and what becomes owed, once each', async () => {
    const [channel] = await outbox.channels(1, () => 'host');
    const checks = await outbox.checks(20, () => [channel!]);
    await outbox.flip(checks.slice(0, 10), 'down');
    const handler = testHandler(database.sql, () => SENT);
    await create().start(handler);
    await untilStates({ sent: 10 });
    await outbox.flip(checks.slice(10), 'down');
    await untilStates({ sent: 20 });
    expect(new Set(handler.sent.map((s) => s.claim.id)).size).toBe(20);
    expect(handler.sent).toHaveLength(20);
    const [row] = await database.sql`select * from notifications limit 1`;
    expect(row).toMatchObject({ attempts: 1, error: '', leased_by: null, log: [{ answer: '200' }] });
    const [c] = await database.sql`select * from channels`;
    expect(c).toMatchObject({
      last_error: '',
      disabled: false,
      last_notify: expect.any(Number),
      tell_owner_at: null,
    });
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
    await untilStates({ sent: 300 });
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
    await untilStates({ sent: 4 });
    const order = handler.sent.filter((s) => s.claim.checkId === one).map((s) => s.claim.checkStatus);
    expect(order).toEqual(['down', 'down', 'down', 'up', 'down']);
    const ids = handler.sent.filter((s) => s.claim.checkId === one).map((s) => s.claim.id);
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
    expect(handler.sent.findIndex((s) => s.claim.checkId === other)).toBeLessThan(3);
  });

  test('an error worth it is tried again later', async () => {
    const [channel] = await outbox.channels(1, () => 'host');
    const [check] = await outbox.checks(1, () => [channel!]);
    const lastErrors: unknown[] = [];
    const handler = testHandler(database.sql, async ({ claim }) => {
      lastErrors.push((await database.sql`select last_error from channels`)[0]!.last_error);
      return claim.attempts === 0 ? { result: 'retry', error: 'Received status code 500' } : SENT;
    });
    await create().start(handler);
    await outbox.flip([check!], 'down');
    await untilStates({ sent: 1 });
    const [row] = await database.sql<{ log: { answer: string; at: number }[] }[]>`select log from notifications`;
    expect(row!.log.map((entry) => entry.answer)).toEqual(['Received status code 500', '200']);
    expect(row!.log[1]!.at - row!.log[0]!.at).toBeGreaterThanOrEqual(490);
    expect(lastErrors).toEqual(['', 'Received status code 500']);
    expect((await database.sql`select last_error from channels`)[0]).toEqual({ last_error: '' });
  });

  test('Retry-After is honoured, and the error shown meanwhile', async () => {
    const [channel] = await outbox.channels(1, () => 'host');
    const [check] = await outbox.checks(1, () => [channel!]);
    const tooMany: Outcome = { result: 'retry', error: 'Received status code 429', retryAfter: 60_000 };
    await create().start(testHandler(database.sql, () => tooMany));
    await outbox.flip([check!], 'down');
    const waiting = async () =>
      (
        await database.sql`
          select state, error, attempts, log -> 0 -> 'retry_after' as retry_after,
                 extract(epoch from next_attempt_at)::float8 * 1000 - (log -> 0 -> 'at')::float8 as delay
          from notifications`
      )[0];
    await expect.poll(waiting).toMatchObject({ error: tooMany.error });
    const row = await waiting();
    expect(row).toMatchObject({ state: 'owed', attempts: 1, retry_after: 60_000 });
    expect(row!.delay).toBeGreaterThanOrEqual(59_990);
    expect((await database.sql`select last_error from channels`)[0]).toEqual({ last_error: tooMany.error });
  });

  test('a permanent failure ends the message and switches the channel off', async () => {
    const [channel] = await outbox.channels(1, () => 'host');
    const [check] = await outbox.checks(1, () => [channel!]);
    await outbox.flip([check!], 'down');
    await create().start(
      testHandler(database.sql, () => ({ result: 'failed', error: 'Received status code 404', disable: true })),
    );
    await untilStates({ failed: 1 });
    const [row] = await database.sql`select disabled, last_error, tell_owner_at from channels`;
    expect(row).toEqual({
      disabled: true,
      last_error: 'Received status code 404',
      tell_owner_at: expect.any(Number),
    });
  });

  test('after 24 hours a message is given up', async () => {
    const [channel] = await outbox.channels(1, () => 'host');
    const [check] = await outbox.checks(1, () => [channel!]);
    await outbox.flip([check!], 'down');
    await database.sql`update notifications set created_at = now() - interval '25 hours', attempts = 30`;
    await create().start(testHandler(database.sql, () => ({ result: 'retry', error: 'Connection failed' })));
    await untilStates({ failed: 1 });
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
    await untilStates({ sent: 1 });
    const [row] = await database.sql<{ log: { answer: string }[] }[]>`select log from notifications`;
    expect(row!.log[0]!.answer).toBe('boom');
  });

  test('one message that cannot be made ready does not hold up those that were claimed with it', async () => {
    const [channel] = await outbox.channels(1, () => 'host');
    const checks = await outbox.checks(20, () => [channel!]);
    await outbox.flip(checks, 'down');
    const handler = testHandler(database.sql, () => SENT);
    await create().start({
      async prepare(claims) {
        if (claims.some((claim) => claim.checkId === checks[7])) throw new TypeError('a defect');
        return await handler.prepare(claims);
      },
    });
    await untilStates({ sent: 19, owed: 1 });
    const oops = async () => (await database.sql`select error, attempts from notifications where state = 'owed'`)[0];
    await expect.poll(oops).toMatchObject({ error: 'a defect' });
  });

  test('a message whose channel is gone is dropped', async () => {
    const [channel] = await outbox.channels(1, () => 'host');
    const [check] = await outbox.checks(1, () => [channel!]);
    await outbox.flip([check!], 'down');
    await create().start({ prepare: async () => new Map() });
    await untilStates({ dropped: 1 });
  });

  test('when a worker dies, another takes over once its lease ends; a slow one has its own renewed', async () => {
    const [channel] = await outbox.channels(1, () => 'host');
    const [dies, slow] = await outbox.checks(2, () => [channel!]);
    await outbox.flip([dies!], 'down');
    const began = Date.now();
    await database.sql`
      update notifications set leased_by = ${randomUUID()}, leased_until = now() + interval '1 second', error = 'Sending'`;
    await outbox.flip([slow!], 'down');
    const leaseOf = async (check: number) =>
      (
        await database.sql<{ until: number }[]>`
        select leased_until as until from notifications where check_id = ${check}`
      )[0]!.until;
    const handler = testHandler(database.sql, async ({ claim }) => {
      if (claim.checkId !== slow) return SENT;
      const first = await leaseOf(slow);
      await expect.poll(() => leaseOf(slow)).toBeGreaterThan(first + 1000);
      return SENT;
    });
    // Renews as one with a short lease does, and has time enough.
    const clock: Clock = { ...systemClock, every: (period, renew) => systemClock.every(period / 50, renew) };
    await create({ clock }).start(handler);
    await create({ clock }).start(handler);
    await untilStates({ sent: 2 });
    expect(Date.now() - began).toBeGreaterThan(1000);
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
    await create({ concurrency: 20, gate: { perDestination: 4 } }).start(handler);
    await expect.poll(() => outbox.states()).toMatchObject({ sent: 90 });
    // Waiting for the dead one in between would have meant an attempt for each of its messages.
    const attempts = handler.sent.filter((s) => s.to === 'dead').length;
    expect(attempts).toBeGreaterThan(0);
    expect(attempts).toBeLessThan(40);
    dead = false;
    await untilStates({ sent: 290 });
  });

  test('a backlog that waits behind older messages holds nobody up', async () => {
    const [dead, alive] = await outbox.channels(2, (i) => (i === 0 ? 'dead' : 'alive'));
    const waiting = await outbox.checks(1500, () => [dead!]);
    await outbox.flip(waiting, 'down');
    await database.sql`update notifications set next_attempt_at = now() + interval '1 hour', attempts = 3`;
    await outbox.flip(waiting, 'up');
    await outbox.flip(await outbox.checks(5, () => [alive!]), 'down');
    const handler = testHandler(database.sql, () => SENT);
    // Nobody looks again later: it has to go through the whole backlog by itself.
    await create({ poll: 600_000 }).start(handler);
    await expect.poll(() => handler.sent.length).toBe(5);
    await untilStates({ owed: 3000, sent: 5 });
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
    await expect.poll(() => handler.sent.length).toBeGreaterThanOrEqual(5);
    await queue.stop(60_000);
    const begun = handler.sent.length;
    expect(await outbox.states()).toEqual({ sent: begun, owed: 30 - begun });
    expect(await database.sql`select 1 from notifications where leased_by is not null`).toHaveLength(0);
    const next = testHandler(database.sql, () => SENT);
    await create().start(next);
    await untilStates({ sent: 30 });
    expect(next.sent).toHaveLength(30 - begun);
  });

  test('stop does not wait for ever: what is still being sent is left to another worker', async () => {
    const [channel] = await outbox.channels(1, () => 'host');
    const [check] = await outbox.checks(1, () => [channel!]);
    await outbox.flip([check!], 'down');
    let giveUp = (_outcome: Outcome): void => undefined;
    const hanging = testHandler(
      database.sql,
      () =>
        new Promise<Outcome>((resolve) => {
          giveUp = resolve;
        }),
    );
    const queue = create();
    await queue.start(hanging);
    await expect.poll(() => hanging.sent.length).toBe(1);
    await queue.stop(200);
    await create().start(testHandler(database.sql, () => SENT));
    await untilStates({ sent: 1 });
    // What the one that was left behind has to say counts no more; a while for it to say so.
    giveUp({ result: 'retry', error: 'aborted' });
    await systemClock.sleep(200);
    expect((await database.sql`select state, attempts from notifications`)[0]).toEqual({ state: 'sent', attempts: 1 });
  });

  test('outlives connections to the database being cut', async () => {
    const [channel] = await outbox.channels(1, () => 'host');
    const checks = await outbox.checks(60, () => [channel!]);
    const handler = testHandler(database.sql, async () => {
      await systemClock.sleep(20);
      return SENT;
    });
    // What was claimed when its answer was lost is free again when its lease ends.
    await create({ concurrency: 4, lease: 5000 }).start(handler);
    await outbox.flip(checks, 'down');
    for (let i = 0; i < 3; i++) {
      await systemClock.sleep(60);
      await database.sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`.catch(() => undefined);
    }
    await untilStates({ sent: 60 });
    expect(new Set(handler.sent.map((s) => s.claim.id)).size).toBe(60);
  });
}
