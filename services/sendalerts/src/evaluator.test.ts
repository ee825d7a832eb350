import { VirtualClock } from '@overdue/clock';
import type { Sql } from '@overdue/database';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Evaluator } from './evaluator.ts';
import { FakeIngester, silent, TestWorld } from './testing/world.ts';

const SECOND = 1000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
/** A Saturday, 12:00:00 UTC. */
const NOON = Date.UTC(2026, 10, 21, 12);

let database: TestDatabase;
let world: TestWorld;
let clock: VirtualClock;
let gapNotices: number;

beforeEach(async () => {
  database = await createTestDatabase({ max: 8 });
  world = await new TestWorld(database.sql).begin();
  clock = new VirtualClock(NOON);
  gapNotices = 0;
});
afterEach(() => database.drop());

function evaluator(group = 1000): Evaluator {
  return new Evaluator({
    database,
    clock,
    logger: silent,
    minGap: 5 * SECOND,
    group,
    databaseNow: () => clock.now(),
    onGap: () => {
      gapNotices++;
    },
  });
}

const ingester = (from = NOON - HOUR, until = NOON) => new FakeIngester(database.sql).start(from, until);

async function statusOf(check: { id: number }) {
  const [row] = await database.sql`select status, alert_after, wake_at from checks where id = ${check.id}`;
  return row as { status: string; alert_after: number | null; wake_at: number | null };
}
const flips = () => database.sql<
  { check_id: number; created_at: number; decision: { rule: string; held?: unknown } }[]
>`
  select * from flips order by id`;
const gaps = () => database.sql<{ from: number; until: number | null; held: number }[]>`
  select from_at as "from", until_at as until, checks_held as held from gaps order by from_at`;

/** Looks every second of `length`, with these ingesters giving signs of life and vouching for the present. */
async function live(subject: Evaluator, length: number, ingesters: readonly FakeIngester[]): Promise<void> {
  for (let passed = 0; passed < length; passed += SECOND) {
    clock.jumpTo(clock.now() + SECOND);
    for (const one of ingesters) await one.vouch(clock.now());
    await subject.pass();
  }
}

describe('lateness', () => {
  test('a late check goes down at its deadline, one in grace does not, one whose deadline moved is looked at then', async () => {
    await ingester();
    const late = await world.check({ lastPing: NOON - 125 * SECOND });
    const grace = await world.check({ lastPing: NOON - 119 * SECOND });
    // Pinged since: wake_at is older than the deadline.
    const pinged = await world.check({ lastPing: NOON - 10 * SECOND, alertAfter: NOON - SECOND });
    await evaluator().pass();
    expect(await statusOf(late)).toEqual({ status: 'down', alert_after: null, wake_at: null });
    expect(await statusOf(grace)).toMatchObject({ status: 'up', wake_at: NOON + SECOND });
    expect(await statusOf(pinged)).toEqual({
      status: 'up',
      alert_after: NOON + 110 * SECOND,
      wake_at: NOON + 110 * SECOND,
    });
    expect(await flips()).toMatchObject([
      { check_id: late.id, created_at: NOON - 5 * SECOND, old_status: 'up', new_status: 'down', reason: 'timeout' },
    ]);
  });

  test('exactly at its deadline is not late yet for the scan, and a millisecond after it is', async () => {
    const only = await ingester();
    const check = await world.check({ lastPing: NOON - 120 * SECOND });
    const subject = evaluator();
    await subject.pass();
    expect((await statusOf(check)).status).toBe('up');
    clock.jumpTo(NOON + 1);
    await only.vouch(NOON + 1);
    await subject.pass();
    expect((await statusOf(check)).status).toBe('down');
  });

  test('a started run that does not end takes a new check down', async () => {
    await ingester();
    const check = await world.check({ lastPing: NOON - HOUR });
    await database.sql`
      update checks set status = 'new', last_ping = null, last_start = ${NOON - 61 * SECOND},
        alert_after = ${NOON - SECOND}, wake_at = ${NOON - SECOND} where id = ${check.id}`;
    await evaluator().pass();
    expect(await flips()).toMatchObject([
      { old_status: 'new', new_status: 'down', created_at: NOON - SECOND, decision: { rule: 'run-timeout' } },
    ]);
  });

  test('a check whose schedule cannot be evaluated is set aside for an hour and stops nobody', async () => {
    await ingester();
    const broken = await world.check({
      lastPing: NOON - HOUR,
      kind: 'cron',
      schedule: 'every full moon',
      alertAfter: NOON - MINUTE,
    });
    const late = await world.check({ lastPing: NOON - HOUR });
    const subject = evaluator();
    await subject.pass();
    expect((await statusOf(late)).status).toBe('down');
    expect(await statusOf(broken)).toMatchObject({ status: 'up', wake_at: NOON + HOUR });
    expect(subject.state().problems.join()).toContain(broken.code);
    expect(subject.blockers()).toEqual([]);
  });

  test('a check that the database refuses to take down is set aside too', async () => {
    await ingester();
    const checks: { id: number; code: string }[] = [];
    for (let i = 0; i < 5; i++) checks.push(await world.check({ lastPing: NOON - HOUR }));
    await database.sql.unsafe(`
      create function refuse() returns trigger language plpgsql as $$
      begin if new.check_id = ${checks[2]!.id} then raise 'no'; end if; return new; end $$;
      create trigger refuse before insert on flips for each row execute function refuse()`);
    const subject = evaluator();
    await subject.pass();
    expect((await flips()).map((f) => f.check_id)).toEqual([0, 1, 3, 4].map((i) => checks[i]!.id));
    expect(await statusOf(checks[2]!)).toMatchObject({ status: 'up', wake_at: NOON + HOUR });
    expect(subject.state().problems.join()).toContain(checks[2]!.code);
  });

  test.each([
    ['a deadlock', '40P01'],
    ['a lock that was not given', '55P03'],
    ['a column that a migration has not added yet', '42703'],
  ])('an error that will pass sets nobody aside: %s', async (_, code) => {
    await ingester();
    const check = await world.check({ lastPing: NOON - HOUR });
    await database.sql.unsafe(`
      create function refuse() returns trigger language plpgsql as $$
      begin raise 'not now' using errcode = '${code}'; end $$;
      create trigger refuse before insert on flips for each row execute function refuse()`);
    const subject = evaluator();
    await expect(subject.pass()).rejects.toMatchObject({ code });
    await database.sql`drop trigger refuse on flips`;
    await subject.pass();
    expect((await statusOf(check)).status).toBe('down');
    expect(subject.state().problems).toEqual([]);
  });

  test('a channel that is deleted while the message to it is written sets nobody aside either', async () => {
    await ingester();
    const gone = await world.check({ lastPing: NOON - HOUR });
    const other = await world.check({ lastPing: NOON - HOUR });
    await database.sql.unsafe(`
      create function refuse() returns trigger language plpgsql as $$
      begin if new.check_id = ${gone.id} then raise 'gone' using errcode = '23503'; end if; return new; end $$;
      create trigger refuse before insert on flips for each row execute function refuse()`);
    const subject = evaluator();
    await subject.pass();
    expect(await statusOf(other)).toMatchObject({ status: 'down' });
    expect(await statusOf(gone)).toMatchObject({ status: 'up', wake_at: NOON - HOUR + 120 * SECOND });
    await database.sql`drop trigger refuse on flips`;
    await subject.pass();
    expect((await statusOf(gone)).status).toBe('down');
  });

  test('with work waiting, a database that fails is not asked again and again', async () => {
    await ingester();
    for (let i = 0; i < 2; i++) await world.check({ lastPing: NOON - HOUR });
    let asked = 0;
    let away = false;
    const subject = new Evaluator({
      database: {
        get sql() {
          if (!away) return database.sql;
          asked++;
          return (() => new Promise((_, reject) => setImmediate(reject, new Error('away')))) as unknown as Sql;
        },
      },
      clock,
      logger: silent,
      minGap: 5 * SECOND,
      group: 1,
      databaseNow: () => clock.now(),
    });
    await subject.pass();
    expect(subject.state().backlog).toBe(true);
    away = true;
    subject.start();
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toBe(1);
    await subject.stop();
  });

  test('many instances share the work: every late check goes down once', async () => {
    await ingester();
    const ids = await database.sql<{ id: number }[]>`
      insert into checks (project_id, status, last_ping, timeout, grace, alert_after, wake_at)
      select ${world.projectId}, 'up', ${NOON - HOUR}, 60, 60, ${NOON - MINUTE}, ${NOON - MINUTE}
      from generate_series(1, 1000) returning id`;
    const subjects = [evaluator(100), evaluator(100), evaluator(100)];
    for (let i = 0; i < 6; i++) await Promise.all(subjects.map((subject) => subject.pass()));
    const down = await flips();
    expect(down).toHaveLength(ids.length);
    expect(new Set(down.map((flip) => flip.check_id)).size).toBe(ids.length);
    expect(subjects.map((subject) => subject.state().backlog)).toEqual([false, false, false]);
  });

  test('sendalerts away for an hour: alerts are late, with the right instants, none missed or doubled', async () => {
    const only = await ingester();
    const first = await world.check({ lastPing: NOON - MINUTE });
    const second = await world.check({ lastPing: NOON + 30 * MINUTE });
    await evaluator().pass();
    clock.jumpTo(NOON + HOUR);
    await only.vouch(NOON + HOUR);
    const restarted = evaluator();
    await restarted.pass();
    await restarted.pass();
    expect(await flips()).toMatchObject([
      { check_id: first.id, created_at: NOON + MINUTE },
      { check_id: second.id, created_at: NOON + 32 * MINUTE },
    ]);
    expect(await gaps()).toHaveLength(0);
  });
});

describe('what the ingesters vouch for', () => {
  test('with no ingester ever seen nothing is judged; with the first, from its beginning on', async () => {
    const check = await world.check({ lastPing: NOON - HOUR });
    const subject = evaluator();
    await subject.pass();
    expect((await statusOf(check)).status).toBe('up');
    expect(subject.blockers().join()).toMatch(/No ingester is live/);
    expect(await gaps()).toHaveLength(0);
    const only = await ingester(NOON, NOON);
    clock.jumpTo(NOON + SECOND);
    await only.vouch(NOON + SECOND);
    await subject.pass();
    expect((await statusOf(check)).status).toBe('down');
    expect(subject.blockers()).toEqual([]);
    expect(subject.state().judgedUntil).toBe(NOON + SECOND);
  });

  test('PostgreSQL away for an hour while the ingester spools: nothing goes down for it, and no amnesty is needed', async () => {
    const only = await ingester();
    const pinged = await world.check({ lastPing: NOON - MINUTE });
    const silentOne = await world.check({ lastPing: NOON - MINUTE });
    const subject = evaluator();
    await subject.pass();
    // An hour later the database is back; the ingester lives and applies its spool, its watermark still old.
    clock.jumpTo(NOON + HOUR);
    await only.beat();
    await subject.pass();
    await only.beat();
    await subject.pass();
    expect(await flips()).toHaveLength(0);
    expect(subject.state().problems).toEqual([
      `Lateness is judged 3600 s behind the present: ingester ${only.id} holds pings from then.`,
    ]);
    // The spool held a ping a minute for one of the checks.
    const last = NOON + 59.5 * MINUTE;
    await database.sql`update checks set last_ping = ${last}, alert_after = ${last + 2 * MINUTE} where id = ${pinged.id}`;
    clock.jumpTo(NOON + HOUR + 2 * SECOND);
    await only.vouch(clock.now());
    await subject.pass();
    expect(await flips()).toMatchObject([{ check_id: silentOne.id, created_at: NOON + MINUTE }]);
    expect(await gaps()).toHaveLength(0);
    expect((await statusOf(pinged)).status).toBe('up');
  });

  test('one of two ingesters dies: judging waits until it counts as dead, then goes on; no gap', async () => {
    const [a, b] = [await ingester(), await ingester()];
    const check = await world.check({ lastPing: NOON - 118 * SECOND });
    const subject = evaluator();
    await subject.pass();
    await live(subject, 8 * SECOND, [a!]);
    // b may have taken a ping that it has not committed: due, but not judged.
    expect((await statusOf(check)).status).toBe('up');
    expect(subject.state().judgedUntil).toBe(NOON);
    await live(subject, 4 * SECOND, [a!]);
    expect((await statusOf(check)).status).toBe('down');
    expect(await gaps()).toHaveLength(0);
    void b;
  });

  test('one of two dies while it is spooling: its pings are waited for', async () => {
    const [a, b] = [await ingester(), await ingester()];
    const check = await world.check({ lastPing: NOON - 118 * SECOND });
    const subject = evaluator();
    await b!.beat();
    await subject.pass();
    await live(subject, 35 * SECOND, [a!]);
    expect((await statusOf(check)).status).toBe('up');
    expect(subject.state().problems.join()).toContain(`ingester ${b!.id} gives no sign of life and may hold pings`);
    // Its next life has applied them. (Who never comes back: see IngesterWatch.)
    await b!.stop();
    await live(subject, SECOND, [a!]);
    expect((await statusOf(check)).status).toBe('down');
  });

  test('a dead ingester is not waited for again by an instance that starts later; one that lives after all counts', async () => {
    const [a, b] = [await ingester(), await ingester()];
    await live(evaluator(), 12 * SECOND, [a!]);
    const later = evaluator();
    await live(later, SECOND, [a!]);
    expect(later.state().judgedUntil).toBe(NOON + 13 * SECOND);
    // It had been cut off. Its watermark is older than the other's, and is waited for.
    await a!.vouch(NOON + 14 * SECOND);
    await b!.vouch(NOON + 12 * SECOND);
    clock.jumpTo(NOON + 14 * SECOND);
    const last = evaluator();
    await last.pass();
    expect(last.state().judgedUntil).toBe(NOON + 12 * SECOND);
  });

  test('an ingester that stops in order is not waited for', async () => {
    const [a, b] = [await ingester(), await ingester()];
    const check = await world.check({ lastPing: NOON - 118 * SECOND });
    const subject = evaluator();
    await subject.pass();
    await b!.stop();
    await live(subject, 3 * SECOND, [a!]);
    expect((await statusOf(check)).status).toBe('down');
  });

  test('a row that stood still while the database was away is not dead', async () => {
    const only = await ingester();
    const subject = evaluator();
    await subject.pass();
    clock.jumpTo(NOON + HOUR);
    await subject.pass();
    expect(subject.blockers()).toEqual([]);
    expect(subject.state().judgedUntil).toBe(NOON);
    expect(await gaps()).toHaveLength(0);
    await live(subject, 2 * SECOND, [only]);
    expect(subject.state().judgedUntil).toBe(NOON + HOUR + 2 * SECOND);
  });

  test.each([30, -30])('an ingester whose clock is %i s off takes nobody down early', async (offset) => {
    const only = await new FakeIngester(database.sql).start(NOON - HOUR + offset * SECOND, NOON + offset * SECOND);
    const check = await world.check({ lastPing: NOON - 115 * SECOND });
    const subject = evaluator();
    await subject.pass();
    expect((await statusOf(check)).status).toBe('up');
    let downAt = 0;
    for (let s = 1; s <= 40 && downAt === 0; s++) {
      clock.jumpTo(NOON + s * SECOND);
      await only.vouch(NOON + (s + offset) * SECOND);
      await subject.pass();
      if ((await statusOf(check)).status === 'down') downAt = s;
    }
    // Its deadline is 5 s after noon. The fast clock vouches for no more than now, the slow one for 30 s less.
    expect(downAt).toBe(offset > 0 ? 6 : 36);
  });
});

describe('outage amnesty', () => {
  test('all ingesters down for ten minutes: the checks due then have until their next expected ping, plus grace', async () => {
    const first = await ingester();
    // Every 30 minutes, last at 11:31: due 12:01, down at 12:06.
    const held = await world.check({ lastPing: NOON - 29 * MINUTE, timeout: 1800, grace: 300 });
    const dueBefore = await world.check({ lastPing: NOON - 2 * MINUTE + 500 });
    const later = await world.check({ lastPing: NOON - MINUTE, timeout: 3600, grace: 300 });
    const subject = evaluator();
    await subject.pass();
    // It vouched for the first second after noon, and died.
    await live(subject, SECOND, [first]);
    expect((await statusOf(dueBefore)).status).toBe('down');
    await live(subject, 14 * SECOND, []);
    expect(subject.blockers().join()).toMatch(/No ingester is live/);
    expect(await gaps()).toMatchObject([{ from: NOON + SECOND, until: null }]);
    expect(gapNotices).toBe(1);
    clock.jumpTo(NOON + 10 * MINUTE);
    const second = await ingester(clock.now(), clock.now());
    // The jump could have been the database's absence: the first one counts as dead only after a while.
    await live(subject, 12 * SECOND, [second]);
    expect(await gaps()).toMatchObject([{ from: NOON + SECOND, until: NOON + 10 * MINUTE, held: 1 }]);
    expect(gapNotices).toBe(2);
    // Next expected 12:31, plus five minutes.
    expect(await statusOf(held)).toEqual({
      status: 'up',
      alert_after: NOON + 36 * MINUTE,
      wake_at: NOON + 36 * MINUTE,
    });
    expect(await statusOf(later)).toMatchObject({ status: 'up', alert_after: NOON + 64 * MINUTE });
    // It does not ping then either: down at the moved deadline, and the flip says what moved it.
    clock.jumpTo(NOON + 36 * MINUTE + SECOND);
    await second.vouch(clock.now());
    await subject.pass();
    const all = await flips();
    expect(all).toHaveLength(2);
    expect(all[1]).toMatchObject({
      check_id: held.id,
      created_at: NOON + 36 * MINUTE,
      decision: { held: { gaps: [[NOON + SECOND, NOON + 10 * MINUTE]], deadline: NOON + 6 * MINUTE } },
    });
  });

  test('a check that was due before the gap began goes down all the same', async () => {
    const first = await ingester();
    const check = await world.check({ lastPing: NOON - 2 * MINUTE });
    await first.vouch(NOON + 2 * SECOND);
    clock.jumpTo(NOON + HOUR);
    await ingester(NOON + HOUR, NOON + HOUR);
    const subject = evaluator();
    // The first one's row stands still until it counts as dead.
    for (let s = 0; s < 12; s++) {
      clock.jumpTo(clock.now() + SECOND);
      await database.sql`update instances set seen_at = clock_timestamp(), watermark = ${clock.now()}
        where id <> ${first.id}`;
      await database.sql`update coverage set until_at = ${clock.now()} where instance_id <> ${first.id}`;
      await subject.pass();
    }
    expect(await flips()).toMatchObject([{ check_id: check.id, created_at: NOON }]);
    expect(await gaps()).toMatchObject([{ from: NOON + 2 * SECOND, until: NOON + HOUR, held: 0 }]);
  });

  test('everything killed and started again: the gap is found from what was judged before', async () => {
    const before = await ingester();
    const check = await world.check({ lastPing: NOON - 115 * SECOND });
    await evaluator().pass();
    void before;
    clock.jumpTo(NOON + MINUTE);
    const after = await ingester(NOON + MINUTE, NOON + MINUTE);
    const subject = evaluator();
    await live(subject, 12 * SECOND, [after]);
    expect(await gaps()).toMatchObject([{ from: NOON, until: NOON + MINUTE, held: 1 }]);
    // Due every minute, 5 s after it: next at 12:01:05, and a minute of grace.
    expect(await statusOf(check)).toMatchObject({ status: 'up', alert_after: NOON + 125 * SECOND });
    await live(subject, 60 * SECOND, [after]);
    expect(await flips()).toMatchObject([{ created_at: NOON + 125 * SECOND }]);
  });

  test('a hole of five seconds is none', async () => {
    const before = await ingester();
    const check = await world.check({ lastPing: NOON - 118 * SECOND });
    const subject = evaluator();
    await subject.pass();
    await before.stop();
    clock.jumpTo(NOON + 5 * SECOND);
    const after = await ingester(clock.now(), clock.now());
    await live(subject, 2 * SECOND, [after]);
    expect(await gaps()).toHaveLength(0);
    expect((await statusOf(check)).status).toBe('down');
  });

  test('a gap that turns out to be covered is taken back', async () => {
    const only = await ingester();
    const subject = evaluator();
    await subject.pass();
    await live(subject, 14 * SECOND, []);
    expect(await gaps()).toMatchObject([{ until: null }]);
    // It had only been cut off, with a spool: now it vouches for all of it.
    await live(subject, SECOND, [only]);
    expect(await gaps()).toHaveLength(0);
    expect(subject.blockers()).toEqual([]);
  });

  test('two instances record a gap once and hold a check back once', async () => {
    const first = await ingester();
    await world.check({ lastPing: NOON - 115 * SECOND });
    const [one, two] = [evaluator(), evaluator()];
    await Promise.all([one.pass(), two.pass()]);
    await first.stop();
    clock.jumpTo(NOON + MINUTE);
    const second = await ingester(clock.now(), clock.now());
    for (let s = 0; s < 3; s++) {
      clock.jumpTo(clock.now() + SECOND);
      await second.vouch(clock.now());
      await Promise.all([one.pass(), two.pass()]);
    }
    expect(await gaps()).toMatchObject([{ from: NOON, until: NOON + MINUTE, held: 1 }]);
  });
});
