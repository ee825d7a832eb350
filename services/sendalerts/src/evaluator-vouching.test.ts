import { expect, test } from 'vitest';
import { HOUR, laboratory, MINUTE, NOON, SECOND } from './testing/laboratory.ts';
import { FakeIngester } from './testing/world.ts';

/* Up to when lateness is judged: what the ingesters vouch for, and which are waited for. */

const lab = laboratory();

test('with no ingester ever seen nothing is judged; with the first, from its beginning on', async () => {
  const check = await lab.world.check({ lastPing: NOON - HOUR });
  const subject = lab.evaluator();
  await subject.pass();
  expect((await lab.statusOf(check)).status).toBe('up');
  expect(subject.blockers().join()).toMatch(/No ingester is live/);
  expect(await lab.gaps()).toHaveLength(0);
  const only = await lab.ingester(NOON, NOON);
  lab.clock.jumpTo(NOON + SECOND);
  await only.vouch(NOON + SECOND);
  await subject.pass();
  expect((await lab.statusOf(check)).status).toBe('down');
  expect(subject.blockers()).toEqual([]);
  expect(subject.state().judgedUntil).toBe(NOON + SECOND);
});

test('PostgreSQL away for an hour while the ingester spools: nothing goes down for it, and no amnesty is needed', async () => {
  const only = await lab.ingester();
  const pinged = await lab.world.check({ lastPing: NOON - MINUTE });
  const silentOne = await lab.world.check({ lastPing: NOON - MINUTE });
  const subject = lab.evaluator();
  await subject.pass();
  // An hour later the database is back; the ingester lives and applies its spool, its watermark still old.
  lab.clock.jumpTo(NOON + HOUR);
  await only.beat();
  await subject.pass();
  await only.beat();
  await subject.pass();
  expect(await lab.flips()).toHaveLength(0);
  expect(subject.state().problems).toEqual([
    `Lateness is judged 3600 s behind the present: ingester ${only.id} holds pings from then.`,
  ]);
  // The spool held a ping a minute for one of the checks.
  const last = NOON + 59.5 * MINUTE;
  await lab.database
    .sql`update checks set last_ping = ${last}, alert_after = ${last + 2 * MINUTE} where id = ${pinged.id}`;
  lab.clock.jumpTo(NOON + HOUR + 2 * SECOND);
  await only.vouch(lab.clock.now());
  await subject.pass();
  expect(await lab.flips()).toMatchObject([{ check_id: silentOne.id, created_at: NOON + MINUTE }]);
  expect(await lab.gaps()).toHaveLength(0);
  expect((await lab.statusOf(pinged)).status).toBe('up');
});

test('one of two ingesters dies: judging waits until it counts as dead, then goes on; no gap', async () => {
  const [a, b] = [await lab.ingester(), await lab.ingester()];
  const check = await lab.world.check({ lastPing: NOON - 118 * SECOND });
  const subject = lab.evaluator();
  await subject.pass();
  await lab.live(subject, 8 * SECOND, [a!]);
  // b may have taken a ping that it has not committed: due, but not judged.
  expect((await lab.statusOf(check)).status).toBe('up');
  expect(subject.state().judgedUntil).toBe(NOON);
  await lab.live(subject, 4 * SECOND, [a!]);
  expect((await lab.statusOf(check)).status).toBe('down');
  expect(await lab.gaps()).toHaveLength(0);
  void b;
});

test('one of two dies while it is spooling: its pings are waited for', async () => {
  const [a, b] = [await lab.ingester(), await lab.ingester()];
  const check = await lab.world.check({ lastPing: NOON - 118 * SECOND });
  const subject = lab.evaluator();
  await b!.beat();
  await subject.pass();
  await lab.live(subject, 35 * SECOND, [a!]);
  expect((await lab.statusOf(check)).status).toBe('up');
  expect(subject.state().problems.join()).toContain(`ingester ${b!.id} gives no sign of life and may hold pings`);
  // Its next life has applied them. (Who never comes back: see IngesterWatch.)
  await b!.stop();
  await lab.live(subject, SECOND, [a!]);
  expect((await lab.statusOf(check)).status).toBe('down');
});

test('a dead ingester is not waited for again by an instance that starts later; one that lives after all counts', async () => {
  const [a, b] = [await lab.ingester(), await lab.ingester()];
  await lab.live(lab.evaluator(), 12 * SECOND, [a!]);
  const later = lab.evaluator();
  await lab.live(later, SECOND, [a!]);
  expect(later.state().judgedUntil).toBe(NOON + 13 * SECOND);
  // It had been cut off. Its watermark is older than the other's, and is waited for.
  await a!.vouch(NOON + 14 * SECOND);
  await b!.vouch(NOON + 12 * SECOND);
  lab.clock.jumpTo(NOON + 14 * SECOND);
  const last = lab.evaluator();
  await last.pass();
  expect(last.state().judgedUntil).toBe(NOON + 12 * SECOND);
});

test('an ingester that stops in order is not waited for', async () => {
  const [a, b] = [await lab.ingester(), await lab.ingester()];
  const check = await lab.world.check({ lastPing: NOON - 118 * SECOND });
  const subject = lab.evaluator();
  await subject.pass();
  await b!.stop();
  await lab.live(subject, 3 * SECOND, [a!]);
  expect((await lab.statusOf(check)).status).toBe('down');
});

test('a row that stood still while the database was away is not dead', async () => {
  const only = await lab.ingester();
  const subject = lab.evaluator();
  await subject.pass();
  lab.clock.jumpTo(NOON + HOUR);
  await subject.pass();
  expect(subject.blockers()).toEqual([]);
  expect(subject.state().judgedUntil).toBe(NOON);
  expect(await lab.gaps()).toHaveLength(0);
  await lab.live(subject, 2 * SECOND, [only]);
  expect(subject.state().judgedUntil).toBe(NOON + HOUR + 2 * SECOND);
});

test.each([30, -30])('an ingester whose clock is %i s off takes nobody down early', async (offset) => {
  const only = await new FakeIngester(lab.database.sql).start(NOON - HOUR + offset * SECOND, NOON + offset * SECOND);
  const check = await lab.world.check({ lastPing: NOON - 115 * SECOND });
  const subject = lab.evaluator();
  await subject.pass();
  expect((await lab.statusOf(check)).status).toBe('up');
  let downAt = 0;
  for (let s = 1; s <= 40 && downAt === 0; s++) {
    lab.clock.jumpTo(NOON + s * SECOND);
    await only.vouch(NOON + (s + offset) * SECOND);
    await subject.pass();
    if ((await lab.statusOf(check)).status === 'down') downAt = s;
  }
  // Its deadline is 5 s after noon. The fast clock vouches for no more than now, the slow one for 30 s less.
  expect(downAt).toBe(offset > 0 ? 6 : 36);
});
