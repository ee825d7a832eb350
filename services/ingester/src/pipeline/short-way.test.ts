/** In how many round trips pings are written, seen from outside. */
import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { checkOf, makeCheck, sendTo, startTestIngester, type TestIngester } from '../testing.ts';

let t: TestIngester;
afterEach(() => t.stop());

const ping = async (code: string) => {
  expect((await sendTo(t.ingester.port, `/${code}`, {})).status).toBe(200);
};
const batches = async () => {
  const metric = await t.registry.getSingleMetric('overdue_ingester_batches_total')!.get();
  return Object.fromEntries(metric.values.map(({ labels, value }) => [labels.way, value]));
};

test('one: for a check that is up, from the first ping on, and after an edit', async () => {
  t = await startTestIngester();
  const code = await makeCheck(t, { status: 'up', last_ping: Date.now(), alert_after: Date.now() + 90_000_000 });
  await ping(code);
  await ping(code);
  expect(await batches()).toEqual({ short: 2 });
  await t.database.sql`update checks set timeout = 7200 where code = ${code}`;
  // The notification is on its way, and may come later than the ping.
  await ping(code);
  await ping(code);
  expect((await checkOf(t, code)).alert_after).toBe((await checkOf(t, code)).last_ping! + (7200 + 3600) * 1000);
  expect((await batches()).short).toBeGreaterThanOrEqual(3);
});

test('two: while another ingester may write the same checks', async () => {
  t = await startTestIngester();
  const code = await makeCheck(t, { status: 'up', last_ping: Date.now(), alert_after: Date.now() + 90_000_000 });
  await ping(code);
  const id = randomUUID();
  const another = { id, service: 'ingester', host: 'h', pid: 1, startedAt: Date.now() } as const;
  await t.ingester.instances.register(another);
  const long = async () => (await batches()).long ?? 0;
  const goesLong = async () => {
    const before = await long();
    await t.ingester.instances.beat(id, {});
    await ping(code);
    return (await long()) > before;
  };
  // Twice: one may come right after the notification that the check was made.
  await expect.poll(async () => (await goesLong()) && (await goesLong())).toBe(true);
  const before = await batches();
  expect(await goesLong()).toBe(true);
  expect(await batches()).toEqual({ ...before, long: before.long! + 1 });
});
