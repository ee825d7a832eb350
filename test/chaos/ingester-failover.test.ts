/** Fault injection: the primary dies, and its standby takes over. */
import { expect, test } from 'vitest';
import { count, keepSending } from './acknowledged.ts';
import { chaosBench } from './bench.ts';

const bench = chaosBench();

test('another database becomes the primary: the ingester finds it, nothing is lost, nothing counts twice', async () => {
  const standby = await bench.postgres.standby();
  try {
    const url = `postgres://overdue@127.0.0.1:${bench.postgres.port},127.0.0.1:${standby.port}/overdue`;
    const ingester = await bench.startIngester({}, url);
    const sending = keepSending({ ports: [ingester.pingPort], target: bench.target, rate: 800 });
    await sending.acknowledged(1000);
    await bench.postgres.kill();
    // For a while there is only one that does not take writes.
    await sending.acknowledged(1000);
    await standby.promote();
    await sending.acknowledged(1000);
    const sent = await sending.end();
    await bench.applied(ingester);
    expect(sent.statuses).toEqual({ 200: sent.acknowledged.size });
    expect(await count(standby.database, sent)).toEqual({
      lost: 0,
      refusedTaken: 0,
      twice: 0,
      miscounted: 0,
      impossible: 0,
    });
    expect(await ingester.metric('replayed_total')).toBeGreaterThan(100);
  } finally {
    await standby.destroy();
    await bench.postgres.resume();
  }
});
