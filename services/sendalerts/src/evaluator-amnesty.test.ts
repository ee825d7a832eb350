import { expect, test } from 'vitest';
import { HOUR, laboratory, MINUTE, NOON, SECOND } from './testing/laboratory.ts';

/* Our outage is never your alert: gaps in which no ingester was receiving. */

const lab = laboratory();

test('all ingesters down for ten minutes: the checks due then have until their next expected ping, plus grace', async () => {
  const first = await lab.ingester();
  // Every 30 minutes, last at 11:31: due 12:01, down at 12:06.
  const held = await lab.world.check({ lastPing: NOON - 29 * MINUTE, timeout: 1800, grace: 300 });
  const dueBefore = await lab.world.check({ lastPing: NOON - 2 * MINUTE + 500 });
  const later = await lab.world.check({ lastPing: NOON - MINUTE, timeout: 3600, grace: 300 });
  const subject = lab.evaluator();
  await subject.pass();
  // It vouched for the first second after noon, and died.
  await lab.live(subject, SECOND, [first]);
  expect((await lab.statusOf(dueBefore)).status).toBe('down');
  await lab.live(subject, 14 * SECOND, []);
  expect(subject.blockers().join()).toMatch(/No ingester is live/);
  expect(await lab.gaps()).toMatchObject([{ from: NOON + SECOND, until: null }]);
  expect(lab.gapNotices).toBe(1);
  lab.clock.jumpTo(NOON + 10 * MINUTE);
  const second = await lab.ingester(lab.clock.now(), lab.clock.now());
  // The jump could have been the database's absence: the first one counts as dead only after a while.
  await lab.live(subject, 12 * SECOND, [second]);
  expect(await lab.gaps()).toMatchObject([{ from: NOON + SECOND, until: NOON + 10 * MINUTE, held: 1 }]);
  expect(lab.gapNotices).toBe(2);
  // Next expected 12:31, plus five minutes.
  expect(await lab.statusOf(held)).toEqual({
    status: 'up',
    alert_after: NOON + 36 * MINUTE,
    wake_at: NOON + 36 * MINUTE,
  });
  expect(await lab.statusOf(later)).toMatchObject({ status: 'up', alert_after: NOON + 64 * MINUTE });
  // It does not ping then either: down at the moved deadline, and the flip says what moved it.
  lab.clock.jumpTo(NOON + 36 * MINUTE + SECOND);
  await second.vouch(lab.clock.now());
  await subject.pass();
  const all = await lab.flips();
  expect(all).toHaveLength(2);
  expect(all[1]).toMatchObject({
    check_id: held.id,
    created_at: NOON + 36 * MINUTE,
    decision: { held: { gaps: [[NOON + SECOND, NOON + 10 * MINUTE]], deadline: NOON + 6 * MINUTE } },
  });
});

test('a check that was due before the gap began goes down all the same', async () => {
  const first = await lab.ingester();
  const check = await lab.world.check({ lastPing: NOON - 2 * MINUTE });
  await first.vouch(NOON + 2 * SECOND);
  lab.clock.jumpTo(NOON + HOUR);
  await lab.ingester(NOON + HOUR, NOON + HOUR);
  const subject = lab.evaluator();
  // The first one's row stands still until it counts as dead.
  for (let s = 0; s < 12; s++) {
    lab.clock.jumpTo(lab.clock.now() + SECOND);
    await lab.database.sql`update instances set seen_at = clock_timestamp(), watermark = ${lab.clock.now()}
      where id <> ${first.id}`;
    await lab.database.sql`update coverage set until_at = ${lab.clock.now()} where instance_id <> ${first.id}`;
    await subject.pass();
  }
  expect(await lab.flips()).toMatchObject([{ check_id: check.id, created_at: NOON }]);
  expect(await lab.gaps()).toMatchObject([{ from: NOON + 2 * SECOND, until: NOON + HOUR, held: 0 }]);
});

test('everything killed and started again: the gap is found from what was judged before', async () => {
  const before = await lab.ingester();
  const check = await lab.world.check({ lastPing: NOON - 115 * SECOND });
  await lab.evaluator().pass();
  void before;
  lab.clock.jumpTo(NOON + MINUTE);
  const after = await lab.ingester(NOON + MINUTE, NOON + MINUTE);
  const subject = lab.evaluator();
  await lab.live(subject, 12 * SECOND, [after]);
  expect(await lab.gaps()).toMatchObject([{ from: NOON, until: NOON + MINUTE, held: 1 }]);
  // Due every minute, 5 s after it: next at 12:01:05, and a minute of grace.
  expect(await lab.statusOf(check)).toMatchObject({ status: 'up', alert_after: NOON + 125 * SECOND });
  await lab.live(subject, 60 * SECOND, [after]);
  expect(await lab.flips()).toMatchObject([{ created_at: NOON + 125 * SECOND }]);
});

test('a hole of five seconds is none', async () => {
  const before = await lab.ingester();
  const check = await lab.world.check({ lastPing: NOON - 118 * SECOND });
  const subject = lab.evaluator();
  await subject.pass();
  await before.stop();
  lab.clock.jumpTo(NOON + 5 * SECOND);
  const after = await lab.ingester(lab.clock.now(), lab.clock.now());
  await lab.live(subject, 2 * SECOND, [after]);
  expect(await lab.gaps()).toHaveLength(0);
  expect((await lab.statusOf(check)).status).toBe('down');
});

test('a gap that turns out to be covered is taken back', async () => {
  const only = await lab.ingester();
  const subject = lab.evaluator();
  await subject.pass();
  await lab.live(subject, 14 * SECOND, []);
  expect(await lab.gaps()).toMatchObject([{ until: null }]);
  // It had only been cut off, with a spool: now it vouches for all of it.
  await lab.live(subject, SECOND, [only]);
  expect(await lab.gaps()).toHaveLength(0);
  expect(subject.blockers()).toEqual([]);
});

test('two instances record a gap once and hold a check back once', async () => {
  const first = await lab.ingester();
  await lab.world.check({ lastPing: NOON - 115 * SECOND });
  const [one, two] = [lab.evaluator(), lab.evaluator()];
  await Promise.all([one.pass(), two.pass()]);
  await first.stop();
  lab.clock.jumpTo(NOON + MINUTE);
  const second = await lab.ingester(lab.clock.now(), lab.clock.now());
  for (let s = 0; s < 3; s++) {
    lab.clock.jumpTo(lab.clock.now() + SECOND);
    await second.vouch(lab.clock.now());
    await Promise.all([one.pass(), two.pass()]);
  }
  expect(await lab.gaps()).toMatchObject([{ from: NOON, until: NOON + MINUTE, held: 1 }]);
});
