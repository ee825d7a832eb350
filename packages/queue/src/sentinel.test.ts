import { randomUUID } from 'node:crypto';
import { systemClock } from '@overdue/clock';
import { createTestDatabase } from '@overdue/database/testing';
import { expect, test } from 'vitest';
import { BullmqQueue } from './bullmq-queue.ts';
import { quiet, TestOutbox, testHandler } from './testing/outbox.ts';
import { redisAvailable } from './testing/redis.ts';
import { startSentinel } from './testing/sentinel.ts';

test.runIf(redisAvailable())(
  'Redis is found through Sentinel, and followed when the primary dies',
  async () => {
    const database = await createTestDatabase({ max: 8 });
    const sentinel = await startSentinel();
    const outbox = await new TestOutbox(database.sql).begin();
    const [channel] = await outbox.channels(1, () => 'host');
    const checks = await outbox.checks(30, () => [channel!]);
    const queue = new BullmqQueue({
      database,
      clock: systemClock,
      logger: quiet,
      worker: randomUUID(),
      poll: 200,
      redis: sentinel.target,
    });
    try {
      await queue.start(testHandler(database.sql, () => ({ result: 'sent', answer: 'OK' })));
      await outbox.flip(checks.slice(0, 10), 'down');
      await expect.poll(() => outbox.states()).toEqual({ sent: 10 });
      await expect.poll(() => queue.fallingBack).toBeUndefined();

      await sentinel.killPrimary();
      await outbox.flip(checks.slice(10, 20), 'down');
      await expect.poll(() => outbox.states()).toEqual({ sent: 20 });
      expect(queue.fallingBack).toBeDefined();

      await sentinel.promote();
      await expect
        .poll(
          async () => {
            queue.wake();
            return queue.fallingBack;
          },
          { interval: 200 },
        )
        .toBeUndefined();
      await outbox.flip(checks.slice(20), 'down');
      await expect.poll(() => outbox.states()).toEqual({ sent: 30 });
    } finally {
      await queue.stop(500);
      await sentinel.stop();
      await database.drop();
    }
  },
  120_000,
);
