import { randomUUID } from 'node:crypto';
import type { Covered, PingKind } from '@overdue/checks';
import type { ReservedSql } from '@overdue/database';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ApplyOptions, applyBatch } from './apply-batch.ts';
import type { Ping } from './ping.ts';
import { makePing, makeProject } from './testing.ts';

/*
 * Pings that come after their check's deadline, while nobody has judged it: what a batch makes of them in PostgreSQL.
 * Instants are seconds after NOON; checks were pinged then, are due at 60 and go down at 120.
 */

const NOON = Date.UTC(2026, 10, 21, 12);
const at = (seconds: number) => NOON + seconds * 1000;

let database: TestDatabase;
let sql: ReservedSql;
let own: string;
let project: number;
let channel: number;

beforeAll(async () => {
  database = await createTestDatabase();
  project = await makeProject(database.sql);
  const [made] = await database.sql<{ id: number }[]>`
    insert into channels (project_id, kind, value) values (${project}, 'webhook', '{}') returning id`;
  channel = made!.id;
});
afterAll(() => database.drop());
beforeEach(async () => {
  sql = (await database.sql.reserve()) as ReservedSql;
  own = await ingester(at(-3600), at(0));
});
afterEach(async () => {
  sql.release();
  await database.sql`truncate instances, coverage, gaps, gap_mails, installation`;
});

async function check(fields: { status?: string; lastStart?: number; grace?: number } = {}): Promise<number> {
  const { status = 'up', lastStart = null, grace = 60 } = fields;
  const due = lastStart === null ? at(60 + grace) : at(lastStart + grace);
  const [row] = await database.sql<{ id: number }[]>`
    insert into checks (project_id, timeout, grace, status, n_pings, last_ping, last_start, alert_after, wake_at)
    values (${project}, 60, ${grace}, ${status}, 1, ${status === 'new' ? null : NOON},
            ${lastStart === null ? null : at(lastStart)}, ${due}, ${due}) returning id`;
  await database.sql`insert into channel_checks (check_id, channel_id) values (${row!.id}, ${channel})`;
  return row!.id;
}

async function ingester(from: number, watermark: number | null): Promise<string> {
  const id = randomUUID();
  await database.sql`
    insert into instances (id, service, host, pid, started_at, watermark)
    values (${id}, 'ingester', 'h', 1, ${from}, ${watermark})`;
  await database.sql`insert into coverage (instance_id, from_at, until_at) values (${id}, ${from}, ${watermark ?? from})`;
  return id;
}

function ping(checkId: number, seconds: number, kind: PingKind = 'success', fields: Partial<Ping> = {}): Ping {
  return makePing(checkId, at(seconds), { kind, ...fields });
}

/** This ingester has been receiving all the time, but for `holes`, which the database does not know of yet. */
function vouching(
  covered: readonly Covered[] = [{ from: at(-3600), until: at(9000) }],
  dead: readonly string[] = [],
): Pick<ApplyOptions, 'ranges' | 'vouching'> {
  const isDead = ({ id }: { id: string }) => dead.includes(id);
  return { ranges: [], vouching: { instanceId: own, minGap: 5000, covered: () => covered, isDead } };
}

/** The check's flips in order, as `seconds old→new reason (messages owed)`. */
async function flips(checkId: number): Promise<string[]> {
  const rows = await database.sql<{ at: number; old: string; new: string; reason: string; owed: number }[]>`
    select created_at as at, old_status as old, new_status as new, reason,
           (select count(*)::int from notifications n where n.flip_id = f.id) as owed
    from flips f where check_id = ${checkId} order by id`;
  return rows.map((r) => `${(r.at - NOON) / 1000} ${r.old}→${r.new} ${r.reason} (${r.owed})`);
}

async function stored(checkId: number) {
  const [row] = await database.sql<
    { status: string; lastPing: number | null; alertAfter: number | null; wakeAt: number | null; pings: number }[]
  >`
    select status, last_ping as "lastPing", alert_after as "alertAfter", wake_at as "wakeAt", n_pings as pings
    from checks where id = ${checkId}`;
  const seconds = (instant: number | null) => (instant === null ? null : (instant - NOON) / 1000);
  const [lastPing, alertAfter, wakeAt] = [row!.lastPing, row!.alertAfter, row!.wakeAt].map(seconds);
  return { ...row!, lastPing, alertAfter, wakeAt };
}

describe('when all is known, the time-out comes first', () => {
  test.each<[string, PingKind, string[], object]>([
    ['success', 'success', ['120 up→down timeout (1)', '200 down→up  (1)'], { status: 'up', alertAfter: 320 }],
    ['fail', 'fail', ['120 up→down timeout (1)'], { status: 'down', alertAfter: null, wakeAt: null }],
    ['start', 'start', ['120 up→down timeout (1)'], { status: 'down', alertAfter: null, wakeAt: null }],
    ['log', 'log', [], { status: 'up', alertAfter: 120, wakeAt: 120 }],
  ])('%s', async (_, kind, expected, state) => {
    const id = await check();
    const applied = await applyBatch(sql, [ping(id, 200, kind)], vouching());
    expect(applied).toMatchObject({ timeouts: expected.length > 0 ? 1 : 0, unjudged: 0, outcomes: ['recorded'] });
    expect(await flips(id)).toEqual(expected);
    expect(await stored(id)).toMatchObject({ ...state, pings: 2 });
  });

  test('messages are owed in this order', async () => {
    const id = await check();
    await applyBatch(sql, [ping(id, 200)], vouching());
    const owed = await database.sql`select check_status from notifications where check_id = ${id} order by id`;
    expect(owed.map((row) => row.check_status)).toEqual(['down', 'up']);
  });

  test('a run of a new check that took too long', async () => {
    const id = await check({ status: 'new', lastStart: 0 });
    await applyBatch(sql, [ping(id, 61)], vouching());
    expect(await flips(id)).toEqual(['60 new→down timeout (1)', '61 down→up  (1)']);
  });

  test('a batch from the spool holds an hour: every lateness in it, and none between', async () => {
    const id = await check();
    const other = await check();
    const spooled = { late: 'spooled' } as const;
    const pings = [
      ping(id, 100, 'success', spooled),
      ping(other, 110, 'start', spooled),
      ping(id, 400, 'success', spooled),
      ping(id, 500, 'success', spooled),
      ping(other, 130, 'success', spooled),
      ping(id, 3600, 'fail', spooled),
    ];
    expect(await applyBatch(sql, pings, vouching())).toMatchObject({ timeouts: 3, unjudged: 0 });
    expect(await flips(id)).toEqual(['220 up→down timeout (1)', '400 down→up  (1)', '620 up→down timeout (1)']);
    // A late start does not extend the deadline.
    expect(await flips(other)).toEqual(['120 up→down timeout (1)', '130 down→up  (1)']);
  });

  test('in time, and in the same batch as one that is late: nothing', async () => {
    const [late, inTime] = [await check(), await check()];
    expect(await applyBatch(sql, [ping(inTime, 120), ping(late, 120.001)], vouching())).toMatchObject({ timeouts: 1 });
    expect(await flips(inTime)).toEqual([]);
  });

  test('applied again after a crash: exactly once', async () => {
    const id = await check();
    const number = { lane: randomUUID(), batch: 1, first: 1 };
    const options = { ...vouching(), ranges: [number] };
    await applyBatch(sql, [ping(id, 200)], options);
    expect(await applyBatch(sql, [ping(id, 200)], options)).toMatchObject({ already: true, timeouts: 0 });
    expect(await flips(id)).toHaveLength(2);
  });

  test('sendalerts judged it while we waited for the row: one time-out', async () => {
    const id = await check();
    const batch = await database.sql.begin(async (tx) => {
      await tx`select from checks where id = ${id} for update`;
      const applying = applyBatch(sql, [ping(id, 200)], vouching());
      await tx`update checks set status = 'down', alert_after = null, wake_at = null where id = ${id}`;
      return { applying };
    });
    expect(await batch.applying).toMatchObject({ timeouts: 0 });
    expect(await flips(id)).toEqual(['200 down→up  (1)']);
  });

  test('a check that somebody paused awaits nothing', async () => {
    const id = await check();
    await database.sql`update checks set status = 'paused', alert_after = null, wake_at = null where id = ${id}`;
    await applyBatch(sql, [ping(id, 900)], vouching());
    expect(await flips(id)).toEqual(['900 paused→up  (0)']);
  });
});

describe('a ping from before a pause or resume that was known first', () => {
  /** What somebody does to a check at `seconds`, as its row and its newest flip tell it. */
  async function move(id: number, seconds: number, status: 'paused' | 'new'): Promise<void> {
    await database.sql`
      update checks set status = ${status}, last_start = null, alert_after = null, wake_at = null,
        last_ping = case when ${status} = 'new' then null else last_ping end where id = ${id}`;
    await database.sql`
      insert into flips (check_id, created_at, old_status, new_status)
      values (${id}, ${at(seconds)}, ${status === 'new' ? 'paused' : 'up'}, ${status})`;
  }

  test.each<[string, PingKind, number, 'spooled' | 'coalesced', number | null]>([
    ['a success', 'success', 40, 'spooled', 40],
    ['a sum of the throttle', 'success', 40, 'coalesced', 40],
    ['a fail', 'fail', 40, 'spooled', 40],
    ['a start', 'start', 40, 'spooled', 0],
    ['a log', 'log', 40, 'spooled', 0],
    ['one that is older than the last ping', 'success', -10, 'spooled', 0],
  ])(
    'paused: %s is the last ping if it would have been, and changes no status',
    async (_what, kind, seconds, late, last) => {
      const id = await check();
      await move(id, 50, 'paused');
      await applyBatch(sql, [ping(id, seconds, kind, { late, skipped: late === 'coalesced' ? 3 : 0 })], vouching());
      expect(await stored(id)).toMatchObject({ status: 'paused', lastPing: last, alertAfter: null, wakeAt: null });
      expect(await flips(id)).toEqual(['50 up→paused  (0)']);
      // One that came later resumes, as ever.
      await applyBatch(sql, [ping(id, 60)], vouching());
      expect(await stored(id)).toMatchObject({ status: 'up', lastPing: 60 });
    },
  );

  test('resumed, and perhaps paused again: the check has no last ping', async () => {
    const id = await check();
    await move(id, 50, 'paused');
    await move(id, 55, 'new');
    await applyBatch(sql, [ping(id, 40, 'success', { late: 'spooled' })], vouching());
    expect(await stored(id)).toMatchObject({ status: 'new', lastPing: null, pings: 2 });
    await move(id, 58, 'paused');
    await applyBatch(sql, [ping(id, 41, 'success', { late: 'spooled' })], vouching());
    expect(await stored(id)).toMatchObject({ status: 'paused', lastPing: null, pings: 3 });
  });
});

describe('flips stay in order', () => {
  test('a success from before the deadline, applied after the check was put down, is dated at the down flip', async () => {
    const id = await check();
    await applyBatch(sql, [ping(id, 200, 'start')], vouching());
    await applyBatch(sql, [ping(id, 110, 'success', { late: 'spooled' })], vouching());
    expect(await flips(id)).toEqual(['120 up→down timeout (1)', '120 down→up  (1)']);
    expect(await stored(id)).toMatchObject({ status: 'up', alertAfter: 230 });
  });

  test('also within one batch', async () => {
    const id = await check();
    await applyBatch(sql, [ping(id, 200, 'start'), ping(id, 110)], vouching());
    expect(await flips(id)).toEqual(['120 up→down timeout (1)', '120 down→up  (1)']);
  });
});

describe('gaps give the same amnesty as in sendalerts', () => {
  const unharmed = async (options: Pick<ApplyOptions, 'ranges' | 'vouching'>) => {
    const id = await check();
    expect(await applyBatch(sql, [ping(id, 150)], options)).toMatchObject({ timeouts: 0, unjudged: 0 });
    expect(await flips(id)).toEqual([]);
    expect(await stored(id)).toMatchObject({ status: 'up', alertAfter: 270 });
  };

  test('one on record', async () => {
    await database.sql`insert into gaps (from_at, until_at) values (${at(70)}, ${at(90)})`;
    await unharmed(vouching());
  });

  test('one that nobody has recorded yet: sendalerts is away', async () => {
    await database.sql`insert into installation (key, value) values ('judged_until', ${{ at: NOON } as never}::jsonb)`;
    await unharmed(
      vouching([
        { from: at(-3600), until: at(70) },
        { from: at(90), until: at(9000) },
      ]),
    );
  });

  test('a hole that another ingester covers is none', async () => {
    await ingester(at(-3600), at(9000));
    const id = await check();
    const hole = vouching([
      { from: at(-3600), until: at(70) },
      { from: at(90), until: at(9000) },
    ]);
    expect(await applyBatch(sql, [ping(id, 150)], hole)).toMatchObject({ timeouts: 1 });
  });

  test('an hour without the database, in which we were receiving, is none', async () => {
    // The table knows of us until noon only.
    const id = await check();
    expect(await applyBatch(sql, [ping(id, 3600)], vouching())).toMatchObject({ timeouts: 1 });
  });
});

describe('another ingester may hold an earlier ping', () => {
  test.each<[string, number | null, { timeouts: number; unjudged: number }]>([
    ['is behind the deadline: the ping moves it', 119, { timeouts: 0, unjudged: 1 }],
    ['vouches up to the deadline only', 120, { timeouts: 0, unjudged: 1 }],
    ['vouches for it', 120.001, { timeouts: 1, unjudged: 0 }],
    ['is starting', null, { timeouts: 0, unjudged: 1 }],
  ])('%s', async (_, watermark, expected) => {
    await ingester(at(-3600), watermark === null ? null : at(watermark));
    const id = await check();
    expect(await applyBatch(sql, [ping(id, 200)], vouching())).toMatchObject(expected);
    expect(await flips(id)).toHaveLength(expected.timeouts * 2);
    expect(await stored(id)).toMatchObject({ status: 'up', alertAfter: 320, pings: 2 });
  });

  test('what can wait waits, unless it is a matter of moments', async () => {
    await ingester(at(-3600), at(100));
    const [id, race] = [await check(), await check()];
    const waiting = { ...vouching(), mayWait: true, ranges: [{ lane: randomUUID(), batch: 1, first: 1 }] };
    const pings = [ping(race, 125), ping(id, 125.001)];
    expect(await applyBatch(sql, pings, waiting)).toMatchObject({ waitsAt: at(100), already: false });
    expect(await stored(race)).toMatchObject({ pings: 1 });
    expect(await applyBatch(sql, [ping(race, 125)], { ...vouching(), mayWait: true })).toMatchObject({ unjudged: 1 });
    await database.sql`update instances set watermark = ${at(300)}`;
    // Under the same number: what waited was rolled back as a whole.
    expect(await applyBatch(sql, [ping(id, 125.001)], waiting)).toMatchObject({ waitsAt: null, already: false });
    expect(await flips(id)).toEqual(['120 up→down timeout (1)', '125.001 down→up  (1)']);
  });

  test('one that is dead, or has stopped, is not waited for', async () => {
    const dead = await ingester(at(-3600), at(10));
    const stopped = await ingester(at(-3600), at(20));
    await database.sql`update instances set stopped_at = seen_at + interval '1 second' where id = ${stopped}`;
    const id = await check();
    expect(await applyBatch(sql, [ping(id, 200)], vouching(undefined, [dead]))).toMatchObject({ timeouts: 1 });
  });
});

test('a batch without a late ping asks nothing more', async () => {
  const id = await check();
  let asked = 0;
  const options = vouching();
  const counting = {
    ...options.vouching!,
    covered() {
      asked++;
      return options.vouching!.covered();
    },
  };
  await applyBatch(sql, [ping(id, 100), ping(id, 101, 'start'), ping(id, 119)], { ...options, vouching: counting });
  expect(asked).toBe(0);
  await applyBatch(sql, [ping(id, 1000)], { ...options, vouching: counting });
  expect(asked).toBe(1);
});
