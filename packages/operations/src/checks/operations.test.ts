import { VirtualClock } from '@overdue/clock';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  type CheckWithChannels,
  clearEvents,
  copyCheck,
  createCheck,
  deleteCheck,
  editCheckSchedule,
  pauseCheck,
  resumeCheck,
  transferCheck,
  updateAllNagDates,
  updateCheck,
  upsertCheck,
} from '../index.ts';
import { updateNagDates } from '../nag-dates.ts';
import type { Outcome } from '../outcome.ts';
import { seedChannel, seedProject } from '../testing.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const clock = new VirtualClock(NOW);
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

function value<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(outcome.message);
  return outcome.value;
}

async function state(id: number) {
  const [row] = await database.sql`select * from checks where id = ${id}`;
  return row!;
}

/** A check that was pinged an hour ago, period one day. */
async function upCheck(projectId: number): Promise<CheckWithChannels> {
  const check = value(await createCheck(database, clock, { projectId, fields: { name: 'up', slug: 'up' } }));
  const lastPing = NOW - 3_600_000;
  const deadline = lastPing + 90_000_000;
  await database.sql`
    update checks set status = 'up', n_pings = 1, last_ping = ${lastPing}, alert_after = ${deadline}, wake_at = ${deadline}
    where id = ${check.id}`;
  await database.sql`
    insert into pings (check_id, n, id, created_at, kind, scheme, method)
    values (${check.id}, 1, gen_random_uuid(), ${lastPing}, 'success', 'http', 'GET')`;
  return { ...check, status: 'up' };
}

describe('createCheck', () => {
  test('writes fields, defaults and channels', async () => {
    const { projectId } = await seedProject(database);
    const [a, b] = [await seedChannel(database, projectId, 'a'), await seedChannel(database, projectId, 'b')];
    const check = value(
      await createCheck(database, clock, { projectId, fields: { name: 'x', slug: 'x', tags: 'p q' }, channels: '*' }),
    );
    expect(check).toMatchObject({
      name: 'x',
      kind: 'simple',
      timeout: 86400,
      grace: 3600,
      status: 'new',
      alert_after: null,
    });
    expect(check.channels).toBe([a.code, b.code].sort().join(','));
    expect(check.created_at).toBe(NOW);
  });

  test('two at once do not pass the limit, which counts all projects of the owner', async () => {
    const { projectId, ownerId } = await seedProject(database, { checkLimit: 3 });
    const other = await seedProject(database, { ownerId });
    const outcomes = await Promise.all(
      [projectId, other.projectId, projectId, other.projectId, projectId].map((id) =>
        createCheck(database, clock, { projectId: id }),
      ),
    );
    expect(outcomes.filter((o) => o.ok)).toHaveLength(3);
    expect(outcomes.find((o) => !o.ok)).toMatchObject({ refused: 'check-limit' });
    expect((await createCheck(database, clock, { projectId, limitFactor: 2 })).ok).toBe(true);
  });

  test.each(['', '*', 'by name'])('of eight at once for the last place one is made; channels: %s', async (channels) => {
    const { projectId } = await seedProject(database, { checkLimit: 2 });
    await seedChannel(database, projectId, 'by name');
    value(await createCheck(database, clock, { projectId }));
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () =>
        upsertCheck(database, clock, { projectId, request: { channels }, slugFromName: false }),
      ),
    );
    expect(outcomes.filter((o) => o.ok && o.value.created)).toHaveLength(1);
    expect(outcomes.filter((o) => !o.ok && o.refused === 'check-limit')).toHaveLength(7);
  });

  test('makes nothing when a channel is unknown', async () => {
    const { projectId } = await seedProject(database);
    await seedChannel(database, projectId, 'same');
    await seedChannel(database, projectId, 'same');
    for (const [channels, message] of [
      ['nope', 'invalid channel identifier: nope'],
      ['same', 'non-unique channel identifier: same'],
      [',', 'empty channel identifier'],
    ] as const) {
      expect(await createCheck(database, clock, { projectId, channels })).toEqual({
        ok: false,
        refused: 'channels',
        message,
      });
    }
    expect(await database.sql`select id from checks where project_id = ${projectId}`).toHaveLength(0);
  });

  test('ten upserts at once of the same name make one check', async () => {
    const { projectId } = await seedProject(database);
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        upsertCheck(database, clock, {
          projectId,
          request: { name: 'same', grace: 60 + i, unique: ['name'] },
          slugFromName: false,
        }),
      ),
    );
    expect(outcomes.filter((o) => o.ok && o.value.created)).toHaveLength(1);
    expect(new Set(outcomes.map((o) => value(o).check.code)).size).toBe(1);
  });
});

describe('updateCheck', () => {
  test('computes the deadline anew and keeps the status (H6)', async () => {
    const { projectId } = await seedProject(database);
    const check = await upCheck(projectId);
    const after = value(await updateCheck(database, { code: check.code, fields: { timeout: 60, grace: 60 } }));
    expect(after).toMatchObject({
      status: 'up',
      alert_after: NOW - 3_600_000 + 120_000,
      wake_at: NOW - 3_600_000 + 120_000,
    });
    const later = value(await updateCheck(database, { code: check.code, fields: { timeout: 86400 } }));
    expect(later.alert_after).toBe(NOW - 3_600_000 + 86_400_000 + 60_000);
    expect(later.wake_at).toBe(after.wake_at); // only moved away: the scan catches up
  });

  test('is not lost beside another one', async () => {
    const { projectId } = await seedProject(database);
    const check = value(await createCheck(database, clock, { projectId }));
    await Promise.all([
      updateCheck(database, { code: check.code, fields: { name: 'n' } }),
      updateCheck(database, { code: check.code, fields: { desc: 'd' } }),
      updateCheck(database, { code: check.code, fields: (c) => ({ tags: `${c.tags} t1` }) }),
      updateCheck(database, { code: check.code, fields: (c) => ({ tags: `${c.tags} t2` }) }),
    ]);
    const row = await state(check.id);
    expect(row).toMatchObject({ name: 'n', desc: 'd' });
    expect(row.tags.split(' ').sort()).toEqual(['', 't1', 't2']);
  });

  test('does not see checks of another project', async () => {
    const { projectId } = await seedProject(database);
    const other = await seedProject(database);
    const check = value(await createCheck(database, clock, { projectId }));
    const reference = { code: check.code, projectId: other.projectId };
    for (const outcome of [
      await updateCheck(database, { ...reference, fields: { name: 'x' } }),
      await pauseCheck(database, clock, reference),
      await resumeCheck(database, clock, reference),
      await clearEvents(database, reference),
      await deleteCheck(database, reference),
      await copyCheck(database, clock, reference),
    ]) {
      expect(outcome).toMatchObject({ ok: false, refused: 'not-found' });
    }
    expect(await state(check.id)).toMatchObject({ name: '', status: 'new' });
  });
});

describe('editCheckSchedule', () => {
  test('takes an overdue check down silently (H5)', async () => {
    const { projectId, ownerId } = await seedProject(database);
    await database.sql`update users set nag_period = 3600 where id = ${ownerId}`;
    const channel = await seedChannel(database, projectId);
    const check = await upCheck(projectId);
    await database.sql`insert into channel_checks values (${check.id}, ${channel.id})`;
    value(await editCheckSchedule(database, clock, { code: check.code, fields: { timeout: 60, grace: 60 } }));
    expect(await state(check.id)).toMatchObject({ status: 'down', timeout: 60, alert_after: null, wake_at: null });
    expect(await database.sql`select * from flips where check_id = ${check.id}`).toMatchObject([
      { old_status: 'up', new_status: 'down', reason: '', created_at: NOW },
    ]);
    expect(await database.sql`select * from notifications where check_id = ${check.id}`).toHaveLength(0);
    expect(await database.sql`select next_nag_at from users where id = ${ownerId}`).toEqual([
      { next_nag_at: NOW + 3_600_000 },
    ]);
  });

  describe('while our outage excuses a check', () => {
    const MINUTE = 60_000;
    afterEach(() => database.sql`truncate gaps, gap_mails, installation`);

    /** Pinged at 10:00, period an hour; nobody was receiving from 10:50 to 11:30. It is 11:40. */
    async function held() {
      const { projectId } = await seedProject(database);
      const check = await upCheck(projectId);
      const [lastPing, due] = [NOW - 120 * MINUTE, NOW + 5 * MINUTE];
      await database.sql`
        update checks set timeout = 3600, grace = 300, last_ping = ${lastPing}, alert_after = ${due}, wake_at = ${due}
        where id = ${check.id}`;
      await database.sql`insert into gaps (from_at, until_at) values (${NOW - 70 * MINUTE}, ${NOW - 30 * MINUTE})`;
      return { check, now: new VirtualClock(NOW - 20 * MINUTE) };
    }

    test('an edit leaves it up, with its amnesty; a new time that does not touch the outage does not', async () => {
      const { check, now } = await held();
      const edit = async (fields: { timeout?: number; grace?: number }) =>
        value(await editCheckSchedule(database, now, { code: check.code, fields }));
      expect(await edit({ grace: 600 })).toMatchObject({ status: 'up', alert_after: NOW + 10 * MINUTE });
      const after = value(await updateCheck(database, { code: check.code, fields: { grace: 900 } }));
      expect(after).toMatchObject({ status: 'up', alert_after: NOW + 15 * MINUTE });
      expect(await edit({ timeout: 60, grace: 60 })).toMatchObject({ status: 'down' });
    });

    test('nobody is receiving at this moment: neither', async () => {
      const { check, now } = await held();
      await database.sql`update gaps set until_at = null`;
      const fields = { grace: 600 };
      expect(value(await editCheckSchedule(database, now, { code: check.code, fields }))).toMatchObject({
        status: 'up',
      });
    });

    test('nor while its ping may be in a spool: lateness is judged by sendalerts when that is known', async () => {
      const { check, now } = await held();
      await database.sql`truncate gaps, gap_mails`;
      await database.sql`
        insert into installation (key, value) values ('judged_until', jsonb_build_object('at', ${NOW - 70 * MINUTE}::float8))`;
      const edit = async (grace: number) =>
        value(await editCheckSchedule(database, now, { code: check.code, fields: { grace } }));
      expect(await edit(600)).toMatchObject({ status: 'up', alert_after: NOW - 50 * MINUTE });
      await database.sql`update installation set value = jsonb_build_object('at', ${NOW - 20 * MINUTE}::float8)`;
      expect(await edit(660)).toMatchObject({ status: 'down' });
    });
  });

  test('an OnCalendar that never comes again is never late', async () => {
    const { projectId } = await seedProject(database);
    const check = await upCheck(projectId);
    const fields = { kind: 'oncalendar', schedule: '2001-01-01' } as const;
    expect(value(await editCheckSchedule(database, clock, { code: check.code, fields }))).toMatchObject({
      status: 'up',
      alert_after: null,
      wake_at: null,
    });
  });
});

test('pause and resume (H1, H2)', async () => {
  const { projectId, ownerId } = await seedProject(database);
  const check = await upCheck(projectId);
  await database.sql`update checks set status = 'down', last_start = ${NOW} where id = ${check.id}`;
  await database.sql`update users set nag_period = 3600, next_nag_at = ${NOW} where id = ${ownerId}`;
  const heard: string[] = [];
  const listener = await database.sql.listen('check_changed', (payload) => heard.push(payload));

  expect(await resumeCheck(database, clock, check)).toMatchObject({
    ok: false,
    refused: 'not-paused',
    message: 'check is not paused',
  });
  const paused = value(await pauseCheck(database, clock, check));
  expect(paused).toMatchObject({
    status: 'paused',
    last_start: null,
    alert_after: null,
    wake_at: null,
    last_ping: NOW - 3_600_000,
  });
  expect(await database.sql`select next_nag_at from users where id = ${ownerId}`).toEqual([{ next_nag_at: null }]);
  value(await pauseCheck(database, clock, check)); // again: nothing
  const resumed = value(await resumeCheck(database, clock, check));
  expect(resumed).toMatchObject({ status: 'new', last_ping: null, alert_after: null, n_pings: 1 });
  expect(await database.sql`select old_status, new_status from flips where check_id = ${check.id} order by id`).toEqual(
    [
      { old_status: 'down', new_status: 'paused' },
      { old_status: 'paused', new_status: 'new' },
    ],
  );
  await expect.poll(() => heard.filter((code) => code === check.code).length).toBe(2);
  await listener.unlisten();
});

test('clearEvents and deleteCheck leave nothing behind', async () => {
  const { projectId } = await seedProject(database);
  const check = await upCheck(projectId);
  value(await pauseCheck(database, clock, check));
  expect(value(await clearEvents(database, check))).toMatchObject({ status: 'new', n_pings: 1, last_ping: null });
  expect(await database.sql`select 1 from pings where check_id = ${check.id}`).toHaveLength(0);
  expect(await database.sql`select 1 from flips where check_id = ${check.id}`).toHaveLength(0);

  const other = await upCheck(projectId);
  expect(value(await deleteCheck(database, other))).toMatchObject({ name: 'up' });
  expect(await database.sql`select 1 from pings where check_id = ${other.id}`).toHaveLength(0);
  expect(await deleteCheck(database, other)).toMatchObject({ refused: 'not-found' });
});

test('copyCheck (H8)', async () => {
  const { projectId } = await seedProject(database, { checkLimit: 3 });
  const channel = await seedChannel(database, projectId);
  const fields = {
    name: 'é'.repeat(95),
    slug: 'a'.repeat(96),
    tags: 't',
    kind: 'cron',
    schedule: '0 0 * * *',
  } as const;
  const check = value(await createCheck(database, clock, { projectId, fields, channels: '*' }));
  const copy = value(await copyCheck(database, clock, { code: check.code, projectId }));
  expect(copy).toMatchObject({
    name: `${'é'.repeat(90)}... (copy)`,
    slug: '',
    tags: 't',
    kind: 'cron',
    schedule: '0 0 * * *',
    status: 'new',
    channels: channel.code,
  });
  expect(copy.code).not.toBe(check.code);
  expect(copy.badge_key).not.toBe(check.badge_key);
  value(await copyCheck(database, clock, { code: check.code, projectId }));
  expect(await copyCheck(database, clock, { code: check.code, projectId })).toMatchObject({ refused: 'check-limit' });
});

test('transferCheck (H7)', async () => {
  const source = await seedProject(database);
  const target = await seedProject(database, { checkLimit: 1 });
  const channel = await seedChannel(database, target.projectId);
  const check = await upCheck(source.projectId);
  const moved = value(await transferCheck(database, { code: check.code, targetProjectId: target.projectId }));
  expect(moved).toMatchObject({ project_id: target.projectId, status: 'up', channels: channel.code });
  const second = await upCheck(source.projectId);
  expect(await transferCheck(database, { code: second.code, targetProjectId: target.projectId })).toMatchObject({
    refused: 'check-limit',
  });
});

describe('dates of reminders', () => {
  test.each(['up', 'down'])('are found without reading all checks, which are %s', async (status) => {
    const { projectId, ownerId } = await seedProject(database);
    await database.sql`update users set nag_period = 3600 where id = ${ownerId}`;
    const undone = database.sql.begin(async (sql) => {
      await sql`insert into checks (project_id, status) select ${projectId}, ${status} from generate_series(1, 2000)`;
      await sql`analyze checks`;
      const rowsRead = async () => {
        const [row] = await sql<{ n: number }[]>`
          select (seq_tup_read + idx_tup_fetch)::int as n from pg_stat_xact_user_tables where relname = 'checks'`;
        return row!.n;
      };
      const before = await rowsRead();
      // From the sixth time on the server weighs plans that do not look at the parameters.
      for (let i = 0; i < 10; i++) {
        await updateNagDates(sql, [projectId], NOW);
        await updateAllNagDates(sql, NOW);
      }
      expect((await rowsRead()) - before).toBeLessThan(200);
      throw new Error('undo');
    });
    await expect(undone).rejects.toThrow('undo');
  });

  test('are locked in one order, so that nobody waits for each other', async () => {
    const { projectId, ownerId } = await seedProject(database);
    const { ownerId: member } = await seedProject(database);
    await database.sql`insert into members (project_id, user_id, role) values (${projectId}, ${member}, 'w')`;
    await database.sql`insert into checks (project_id, status) values (${projectId}, 'down')`;
    await database.sql`update users set nag_period = 3600 where id = ${member}`;
    await database.sql`update users set nag_period = 3600 where id = ${ownerId}`; // now behind the other on its page
    let updating: Promise<void> = Promise.resolve();
    await database.sql.begin(async (sql) => {
      await sql`select from users where id = ${ownerId} for update`;
      updating = updateAllNagDates(database.sql, NOW);
      const waiting = () => sql`
        select from pg_stat_activity where datname = current_database() and wait_event = 'transactionid'`;
      await expect.poll(async () => (await waiting()).length).toBe(1);
      expect(await sql`select from users where id = ${member} for update skip locked`).toHaveLength(1);
    });
    await updating;
    const dates = await database.sql`select next_nag_at from users where id in (${ownerId}, ${member})`;
    expect(dates.map((row) => row.next_nag_at)).toEqual([NOW + 3_600_000, NOW + 3_600_000]);
  });
});
