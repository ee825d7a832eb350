import type { Sql } from '@overdue/database';
import { expect, test } from 'vitest';
import { Evaluator } from './evaluator.ts';
import { HOUR, laboratory, MINUTE, NOON, SECOND } from './testing/laboratory.ts';
import { silent } from './testing/world.ts';

/* Which checks go down when, and what becomes of one that cannot be judged. */

const lab = laboratory();

test('a late check goes down at its deadline, one in grace does not, one whose deadline moved is looked at then', async () => {
  await lab.ingester();
  const late = await lab.world.check({ lastPing: NOON - 125 * SECOND });
  const grace = await lab.world.check({ lastPing: NOON - 119 * SECOND });
  // Pinged since: wake_at is older than the deadline.
  const pinged = await lab.world.check({ lastPing: NOON - 10 * SECOND, alertAfter: NOON - SECOND });
  await lab.evaluator().pass();
  expect(await lab.statusOf(late)).toEqual({ status: 'down', alert_after: null, wake_at: null });
  expect(await lab.statusOf(grace)).toMatchObject({ status: 'up', wake_at: NOON + SECOND });
  expect(await lab.statusOf(pinged)).toEqual({
    status: 'up',
    alert_after: NOON + 110 * SECOND,
    wake_at: NOON + 110 * SECOND,
  });
  expect(await lab.flips()).toMatchObject([
    { check_id: late.id, created_at: NOON - 5 * SECOND, old_status: 'up', new_status: 'down', reason: 'timeout' },
  ]);
});

test('exactly at its deadline is not late yet for the scan, and a millisecond after it is', async () => {
  const only = await lab.ingester();
  const check = await lab.world.check({ lastPing: NOON - 120 * SECOND });
  const subject = lab.evaluator();
  await subject.pass();
  expect((await lab.statusOf(check)).status).toBe('up');
  lab.clock.jumpTo(NOON + 1);
  await only.vouch(NOON + 1);
  await subject.pass();
  expect((await lab.statusOf(check)).status).toBe('down');
});

test('a started run that does not end takes a new check down', async () => {
  await lab.ingester();
  const check = await lab.world.check({ lastPing: NOON - HOUR });
  await lab.database.sql`
    update checks set status = 'new', last_ping = null, last_start = ${NOON - 61 * SECOND},
      alert_after = ${NOON - SECOND}, wake_at = ${NOON - SECOND} where id = ${check.id}`;
  await lab.evaluator().pass();
  expect(await lab.flips()).toMatchObject([
    { old_status: 'new', new_status: 'down', created_at: NOON - SECOND, decision: { rule: 'run-timeout' } },
  ]);
});

test('a check whose schedule cannot be evaluated is set aside for an hour and stops nobody', async () => {
  await lab.ingester();
  const broken = await lab.world.check({
    lastPing: NOON - HOUR,
    kind: 'cron',
    schedule: 'every full moon',
    alertAfter: NOON - MINUTE,
  });
  const late = await lab.world.check({ lastPing: NOON - HOUR });
  const subject = lab.evaluator();
  await subject.pass();
  expect((await lab.statusOf(late)).status).toBe('down');
  expect(await lab.statusOf(broken)).toMatchObject({ status: 'up', wake_at: NOON + HOUR });
  expect(subject.state().problems.join()).toContain(broken.code);
  expect(subject.blockers()).toEqual([]);
});

test('a check that the database refuses to take down is set aside too', async () => {
  await lab.ingester();
  const checks: { id: number; code: string }[] = [];
  for (let i = 0; i < 5; i++) checks.push(await lab.world.check({ lastPing: NOON - HOUR }));
  await lab.database.sql.unsafe(`
    create function refuse() returns trigger language plpgsql as $$
    begin if new.check_id = ${checks[2]!.id} then raise 'no'; end if; return new; end $$;
    create trigger refuse before insert on flips for each row execute function refuse()`);
  const subject = lab.evaluator();
  await subject.pass();
  expect((await lab.flips()).map((f) => f.check_id)).toEqual([0, 1, 3, 4].map((i) => checks[i]!.id));
  expect(await lab.statusOf(checks[2]!)).toMatchObject({ status: 'up', wake_at: NOON + HOUR });
  expect(subject.state().problems.join()).toContain(checks[2]!.code);
});

test.each([
  ['a deadlock', '40P01'],
  ['a lock that was not given', '55P03'],
  ['a column that a migration has not added yet', '42703'],
])('an error that will pass sets nobody aside: %s', async (_, code) => {
  await lab.ingester();
  const check = await lab.world.check({ lastPing: NOON - HOUR });
  await lab.database.sql.unsafe(`
    create function refuse() returns trigger language plpgsql as $$
    begin raise 'not now' using errcode = '${code}'; end $$;
    create trigger refuse before insert on flips for each row execute function refuse()`);
  const subject = lab.evaluator();
  await expect(subject.pass()).rejects.toMatchObject({ code });
  await lab.database.sql`drop trigger refuse on flips`;
  await subject.pass();
  expect((await lab.statusOf(check)).status).toBe('down');
  expect(subject.state().problems).toEqual([]);
});

test('a channel that is deleted while the message to it is written sets nobody aside either', async () => {
  await lab.ingester();
  const gone = await lab.world.check({ lastPing: NOON - HOUR });
  const other = await lab.world.check({ lastPing: NOON - HOUR });
  await lab.database.sql.unsafe(`
    create function refuse() returns trigger language plpgsql as $$
    begin if new.check_id = ${gone.id} then raise 'gone' using errcode = '23503'; end if; return new; end $$;
    create trigger refuse before insert on flips for each row execute function refuse()`);
  const subject = lab.evaluator();
  await subject.pass();
  expect(await lab.statusOf(other)).toMatchObject({ status: 'down' });
  expect(await lab.statusOf(gone)).toMatchObject({ status: 'up', wake_at: NOON - HOUR + 120 * SECOND });
  await lab.database.sql`drop trigger refuse on flips`;
  await subject.pass();
  expect((await lab.statusOf(gone)).status).toBe('down');
});

test('with work waiting, a database that fails is not asked again and again', async () => {
  await lab.ingester();
  for (let i = 0; i < 2; i++) await lab.world.check({ lastPing: NOON - HOUR });
  let asked = 0;
  let away = false;
  const subject = new Evaluator({
    database: {
      get sql() {
        if (!away) return lab.database.sql;
        asked++;
        return (() => new Promise((_, reject) => setImmediate(reject, new Error('away')))) as unknown as Sql;
      },
    },
    clock: lab.clock,
    logger: silent,
    minGap: 5 * SECOND,
    group: 1,
    databaseNow: () => lab.clock.now(),
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
  await lab.ingester();
  const ids = await lab.database.sql<{ id: number }[]>`
    insert into checks (project_id, status, last_ping, timeout, grace, alert_after, wake_at)
    select ${lab.world.projectId}, 'up', ${NOON - HOUR}, 60, 60, ${NOON - MINUTE}, ${NOON - MINUTE}
    from generate_series(1, 1000) returning id`;
  const subjects = [lab.evaluator(100), lab.evaluator(100), lab.evaluator(100)];
  for (let i = 0; i < 6; i++) await Promise.all(subjects.map((subject) => subject.pass()));
  const down = await lab.flips();
  expect(down).toHaveLength(ids.length);
  expect(new Set(down.map((flip) => flip.check_id)).size).toBe(ids.length);
  expect(subjects.map((subject) => subject.state().backlog)).toEqual([false, false, false]);
});

test('sendalerts away for an hour: alerts are late, with the right instants, none missed or doubled', async () => {
  const only = await lab.ingester();
  const first = await lab.world.check({ lastPing: NOON - MINUTE });
  const second = await lab.world.check({ lastPing: NOON + 30 * MINUTE });
  await lab.evaluator().pass();
  lab.clock.jumpTo(NOON + HOUR);
  await only.vouch(NOON + HOUR);
  const restarted = lab.evaluator();
  await restarted.pass();
  await restarted.pass();
  expect(await lab.flips()).toMatchObject([
    { check_id: first.id, created_at: NOON + MINUTE },
    { check_id: second.id, created_at: NOON + 32 * MINUTE },
  ]);
  expect(await lab.gaps()).toHaveLength(0);
});
