import type { Sql } from '@overdue/database';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Laboratory, openLaboratory } from './laboratory.ts';
import { type Plan, type PlannedPing, planOf } from './plan.ts';
import { simulate } from './simulate.ts';
import { tell } from './tell.ts';
import { BEGIN, type World } from './world.ts';

/*
 * A few of the simulation's runs; `npm run sim -- --seeds 1..5000` does more, `--seed N` tells one. Which seeds: the
 * same ones each time, so that a red test means a change of ours.
 */

const FIRST = 1;
/** A number of our choice and not of the machine's: a slow one must not come to another verdict. */
const RUNS = 200;

let clone: TestDatabase;
let laboratory: Laboratory;
beforeAll(async () => {
  clone = await createTestDatabase({ max: 1 });
  await clone.close();
  laboratory = await openLaboratory(clone.target);
});
afterAll(async () => {
  await laboratory.close();
  await clone.drop();
});

test('every true lateness is told, nothing else is; no answered ping is lost; order is kept', {
  timeout: 1_800_000,
}, async () => {
  const seen = { alerts: 0, timeouts: 0, gaps: 0, faults: 0, exact: 0, acts: 0 };
  for (let seed = FIRST; seed < FIRST + RUNS; seed++) {
    const result = await simulate(planOf(seed), laboratory);
    if (result.problems.length > 0) expect.fail(tell(result, false));
    for (const name of Object.keys(seen) as (keyof typeof seen)[]) seen[name] += result.statistics[name];
  }
  // A simulation in which nothing happens would pass, too.
  expect(seen.alerts).toBeGreaterThan(2 * RUNS);
  expect(seen.timeouts).toBeGreaterThan(RUNS);
  expect(seen.faults).toBeGreaterThan(RUNS / 2);
  expect(seen.gaps).toBeGreaterThan(RUNS / 10);
  expect(seen.exact).toBeGreaterThan(RUNS);
  expect(seen.acts).toBeGreaterThan(RUNS);
});

// Of the others: one with two ingesters, one whose sender dies while it sends, one with an ingester that is told to stop.
test.each([11, 1, 29, 32])('seed %i replays, statement by statement', async (seed) => {
  const [first, second] = [await simulate(planOf(seed), laboratory), await simulate(planOf(seed), laboratory)];
  expect(second.trace).toEqual(first.trace);
});

test('a window ends when the spool is full: what was spooled before comes first', async () => {
  const ping = (at: number, check: number, kind: PlannedPing['kind']): PlannedPing => {
    return { do: 'ping', at, check, kind, rid: null, via: 0 };
  };
  const result = await simulate(
    {
      ...QUIET,
      checks: [QUIET.checks[0]!, QUIET.checks[0]!],
      spoolBytes: 320,
      events: [
        ping(40_000, 0, 'success'),
        // Coalesced: written a second later or so.
        ping(40_500, 0, 'success'),
        { do: 'database away', at: 40_510, how: 'refuses', ms: 15_000 },
        ping(40_520, 1, 'start'),
        ping(40_540, 1, 'log'),
      ],
    },
    laboratory,
  );
  const told = tell(result, true);
  expect(result.problems, told).toEqual([]);
  expect(told).toContain('ping 4: recorded');
});

test('an ingester is restarted before it has applied its spool: nobody goes down whose ping is in there', async () => {
  const result = await simulate(
    {
      ...QUIET,
      ingesters: 2,
      throttle: 0,
      events: [
        // The check's deadline is at 10 s.
        { do: 'database away', at: 3000, how: 'refuses', ms: 30_000 },
        { do: 'ping', at: 8000, check: 0, kind: 'success', rid: null, via: 0 },
        { do: 'stop', at: 34_500, who: 'ingester 1' },
      ],
      wireFaults: [{ who: 'ingester 1', on: 'commit', nth: 1, what: 'delay request', ms: 9000 }],
      downtimes: [3000],
    },
    laboratory,
  );
  const told = tell(result, true);
  expect(told).toMatch(/3[456]\.\d+ ingester 1 +has stopped/);
  expect(result.problems, told).toEqual([]);
});

test('a ping that waits in the spool does not undo a pause that came after it', async () => {
  const result = await simulate(
    {
      ...QUIET,
      throttle: 0,
      events: [
        // The check's deadline is at 10 s.
        { do: 'database away', at: 3000, how: 'refuses', ms: 20_000 },
        { do: 'ping', at: 8000, check: 0, kind: 'success', rid: null, via: 0 },
        { do: 'pause', at: 23_001, check: 0 },
      ],
    },
    laboratory,
  );
  const told = tell(result, true);
  expect(result.problems, told).toEqual([]);
  expect(result.statistics, told).toMatchObject({ pings: 1, timeouts: 0, exact: 1 });
});

test('an ingester that died with pings in its spool is dismissed, and comes back: they are applied, nobody was alerted', async () => {
  const result = await simulate(
    {
      ...QUIET,
      ingesters: 2,
      throttle: 0,
      events: [
        // The check's deadline is at 10 s.
        { do: 'database away', at: 3000, how: 'refuses', ms: 20_000 },
        { do: 'ping', at: 8000, check: 0, kind: 'success', rid: null, via: 0 },
        { do: 'crash', at: 15_000, who: 'ingester 1', dismissed: 25_000 },
      ],
      downtimes: [55_000],
      calmAt: 75_000,
    },
    laboratory,
  );
  const told = tell(result, true);
  expect(told).toMatch(/40\.\d+ people +ingester 1 is dismissed: done/);
  expect(result.problems, told).toEqual([]);
  // In the end nobody pings any more.
  expect(result.statistics, told).toMatchObject({ pings: 1, timeouts: 1, gaps: 1 });
});

test.each<[string, string, (world: World, sql: Sql) => unknown]>([
  ['a ping is lost', 'was answered 200 and is lost', (_, sql) => sql`delete from pings where n = 1`],
  ['a ping is counted twice', 'pings and has', (_, sql) => sql`update checks set n_pings = n_pings + 1`],
  [
    'an alert came early',
    'flips are',
    (_, sql) => sql`update flips set created_at = created_at - interval '1 second' where reason = 'timeout'`,
  ],
  ['an alert is lost', 'should have', ({ receivers }) => receivers.receipts.splice(0)],
  [
    'an alert came twice, as if it were another',
    'should have',
    ({ receivers }) => receivers.receipts.push({ ...receivers.receipts[0]!, delivery: 'another' }),
  ],
  ['alerts came out of order', 'should have', ({ receivers: { receipts } }) => receipts.push(receipts.shift()!)],
  ['an alert is still owed', 'not sent', (_, sql) => sql`update notifications set state = 'owed'`],
  [
    'a gap that was none',
    'somebody was receiving',
    (_, sql) => sql`insert into gaps (from_at, until_at) values (to_timestamp(1), to_timestamp(9))`,
  ],
  [
    'a gap is longer than what it is on record for',
    'somebody was receiving at 20.000, on record is [10.000–30.000]',
    ({ truth }, sql) => {
      truth.doubt(BEGIN + 10_000, BEGIN + 20_000);
      return sql`insert into gaps (from_at, until_at) values (${BEGIN + 10_000}, ${BEGIN + 30_000})`;
    },
  ],
  [
    'an alert came late',
    'as late as',
    ({ receivers: { receipts } }) => receipts.push({ ...receipts.pop()!, at: BEGIN + 3_600_000 }),
  ],
])('the judge sees that %s', async (_, words, spoil) => {
  const { problems } = await simulate(QUIET, laboratory, spoil);
  expect(problems.join()).toContain(words);
});

/** A run without faults: down, up and down again. */
const QUIET: Plan = {
  seed: 0,
  ingesters: 1,
  sendalerts: 1,
  redis: false,
  throttle: 10,
  channels: [{ up: true }],
  checks: [{ kind: 'simple', timeout: 60, grace: 60, channels: [0], upSince: 110_000 }],
  events: [{ do: 'ping', at: 40_000, check: 0, kind: 'success', rid: null, via: 0 }],
  wireFaults: [],
  downtimes: [1000],
  calmAt: 60_000,
  spoolBytes: 1 << 20,
};
