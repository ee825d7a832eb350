import { randomUUID } from 'node:crypto';
import type { Covered } from '@overdue/checks';
import { VirtualClock } from '@overdue/clock';
import { registerInstance, type Sql } from '@overdue/database';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { Watermark } from './watermark.ts';

const T0 = Date.UTC(2026, 0, 1);
let database: TestDatabase;
let clock: VirtualClock;
let oldest: number | null;
let away: boolean;
let watermark: Watermark;
let instanceId: string;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

beforeEach(async () => {
  clock = new VirtualClock(T0);
  oldest = null;
  away = false;
  instanceId = randomUUID();
  await registerInstance(database.sql, { id: instanceId, service: 'ingester', host: 'h', pid: 1, startedAt: T0 });
  watermark = new Watermark({
    clock,
    instanceId,
    oldest: () => oldest,
    run: <T>(use: (sql: Sql) => Promise<T>) => (away ? Promise.reject(new Error('away')) : use(database.sql)),
  });
});

async function beat(seconds: number): Promise<void> {
  clock.jumpTo(clock.now() + seconds * 1000);
  await watermark.beat();
}

/** Seconds since T0: the mark, and each stretch. */
async function written(): Promise<{ mark: number | null; stretches: [number, number][] }> {
  const [row] = await database.sql<{ watermark: number | null }[]>`
    select watermark from instances where id = ${instanceId}`;
  const rows = await database.sql<{ from_at: number; until_at: number }[]>`
    select from_at, until_at from coverage where instance_id = ${instanceId} order by id`;
  const seconds = (at: number) => (at - T0) / 1000;
  return {
    mark: row!.watermark === null ? null : seconds(row!.watermark),
    stretches: rows.map((r) => [seconds(r.from_at), seconds(r.until_at)]),
  };
}

test('moves once a second while everything is committed', async () => {
  watermark.listening();
  await beat(1);
  await beat(1);
  expect(await written()).toEqual({ mark: 2, stretches: [[0, 2]] });
});

test('stays at the oldest ping that is not committed', async () => {
  watermark.listening();
  await beat(1);
  oldest = T0 + 1500;
  await beat(1);
  await beat(1);
  expect(await written()).toEqual({ mark: 1.5, stretches: [[0, 1.5]] });
  oldest = null;
  await beat(1);
  expect(await written()).toEqual({ mark: 4, stretches: [[0, 4]] });
});

test('jumps over a database outage in one stretch', async () => {
  watermark.listening();
  await beat(1);
  away = true;
  oldest = T0 + 1200;
  for (let i = 0; i < 10; i++) await beat(1);
  away = false;
  await beat(1);
  expect(await written()).toEqual({ mark: 1.2, stretches: [[0, 1.2]] });
  oldest = null;
  await beat(1);
  expect(await written()).toEqual({ mark: 13, stretches: [[0, 13]] });
});

test('a process that did not run for a while covers nothing of it', async () => {
  watermark.listening();
  await beat(1);
  await beat(30);
  await beat(1);
  expect((await written()).stretches).toEqual([
    [0, 1],
    [31, 32],
  ]);
});

test('a refusal ends the stretch; the next begins when refusals are over', async () => {
  watermark.listening();
  await beat(1);
  clock.jumpTo(T0 + 1500);
  watermark.refused();
  await beat(0.5);
  clock.jumpTo(T0 + 2200);
  watermark.refused();
  await beat(0.8);
  await beat(1);
  await beat(1);
  expect((await written()).stretches).toEqual([
    [0, 1.5],
    [4, 5],
  ]);
});

test('a stretch that ended in an outage is written afterwards, up to its end', async () => {
  watermark.listening();
  await beat(1);
  away = true;
  await beat(1);
  clock.jumpTo(T0 + 2500);
  watermark.refused();
  for (let i = 0; i < 4; i++) await beat(1);
  away = false;
  oldest = T0 + 2100;
  await beat(1);
  expect((await written()).stretches[0]).toEqual([0, 2.1]);
  oldest = null;
  await beat(1);
  expect((await written()).stretches).toEqual([
    [0, 2.5],
    [3.5, 8.5],
  ]);
});

test('a clock that is set back begins a new stretch, and the mark does not go back', async () => {
  watermark.listening();
  await beat(10);
  await beat(-8);
  await beat(1);
  const { mark, stretches } = await written();
  expect(mark).toBeGreaterThanOrEqual(3);
  expect(stretches.at(-1)).toEqual([2, 3]);
});

test('after the stop nothing is covered', async () => {
  watermark.listening();
  await beat(1);
  clock.jumpTo(T0 + 1500);
  watermark.stopped();
  await beat(0);
  await beat(1);
  expect((await written()).stretches).toEqual([[0, 1.5]]);
});

test('rows that are gone are made again', async () => {
  watermark.listening();
  await beat(1);
  await database.sql`delete from coverage`;
  await beat(1);
  expect((await written()).stretches).toEqual([[0, 2]]);
});

test('killed while the database is away: the next process says up to when pings were received', async () => {
  const kept: { from: number; until: number }[][] = [];
  let unanswered: number | null = null;
  const one = (before: { from: number; until: number }[]) =>
    new Watermark({
      clock,
      instanceId,
      before,
      oldest: () => oldest,
      unanswered: () => unanswered,
      keep: (stretches) => kept.push([...stretches]),
      run: <T>(use: (sql: Sql) => Promise<T>) => (away ? Promise.reject(new Error('away')) : use(database.sql)),
    });
  watermark = one([]);
  watermark.listening();
  await beat(1);
  expect(kept).toEqual([]);
  away = true;
  oldest = clock.now();
  await beat(2);
  unanswered = clock.now() + 500;
  await beat(2);
  // Killed here. What was not answered then is not vouched for.
  expect(kept.at(-1)).toEqual([{ from: T0 + 1000, until: T0 + 3500 }]);
  unanswered = null;
  clock.jumpTo(T0 + 20_000);
  watermark = one(kept.at(-1)!);
  watermark.listening();
  await beat(1);
  // And again, before anything is written.
  expect(kept.at(-1)).toEqual([
    { from: T0 + 1000, until: T0 + 3500 },
    { from: T0 + 20_000, until: T0 + 21_000 },
  ]);
  away = false;
  // The spool is being applied: not all is known yet.
  oldest = T0 + 2000;
  await beat(1);
  expect(await written()).toMatchObject({
    stretches: [
      [0, 1],
      [1, 2],
    ],
  });
  expect(kept.at(-1)).toHaveLength(2);
  oldest = null;
  await beat(1);
  expect(await written()).toEqual({
    mark: 23,
    stretches: [
      [0, 1],
      [1, 3.5],
      [20, 23],
    ],
  });
  expect(kept.at(-1)).toEqual([]);
  const writes = kept.length;
  await beat(1);
  expect(kept).toHaveLength(writes);
});

describe('answered pings are lost', () => {
  const keep = vi.fn<(stretches: readonly Covered[]) => void>();
  const one = (before: Covered[] = []) =>
    new Watermark({
      ...{ clock, instanceId, before, keep, oldest: () => oldest },
      run: <T>(use: (sql: Sql) => Promise<T>) => (away ? Promise.reject(new Error('away')) : use(database.sql)),
    });
  const stretch = (from: number, until: number) => ({ from: T0 + from * 1000, until: T0 + until * 1000 });
  const gaps = async () =>
    (
      await database.sql<
        Covered[]
      >`select from_at as from, until_at as until from gaps where instance_id = ${instanceId}`
    ).map(({ from, until }) => [(from - T0) / 1000, (until - T0) / 1000]);
  beforeEach(async () => {
    keep.mockClear();
    await database.sql`delete from gaps`;
  });

  test('a gap since all was committed, written no later than that it is vouched for', async () => {
    watermark = one();
    watermark.listening();
    await beat(1);
    away = true;
    oldest = clock.now() + 500;
    await beat(2);
    expect(keep.mock.lastCall).toEqual([[stretch(1, 3)]]);
    watermark.lost();
    oldest = null;
    // Should it be killed now, the next process does not vouch for it.
    expect(keep.mock.lastCall).toEqual([[]]);
    await beat(2);
    expect(keep.mock.lastCall).toEqual([[stretch(3, 5)]]);
    expect(watermark.covered()).toEqual([stretch(0, 1), stretch(3, 5)]);
    expect([await gaps(), (await written()).mark]).toEqual([[], 1]);
    away = false;
    await beat(1);
    expect([await gaps(), (await written()).mark]).toEqual([[[1, 3]], 6]);
    await beat(1);
    expect(await gaps()).toHaveLength(1);
    expect(keep.mock.lastCall).toEqual([[]]);
    expect(watermark.covered()).toEqual([stretch(0, 7)]);
  });

  test('found at the start: of what the process before had received', async () => {
    clock.jumpTo(T0 + 20_000);
    watermark = one([stretch(2, 9), stretch(11, 15)]);
    watermark.lost();
    expect(keep.mock.lastCall).toEqual([[]]);
    watermark.listening();
    await beat(1);
    expect([await gaps(), (await written()).mark]).toEqual([[[2, 20]], 21]);
  });

  test('a mark that was held further back than that makes no longer a gap', async () => {
    clock.jumpTo(T0 + 20_000);
    watermark = one([stretch(2, 9)]);
    watermark.listening();
    oldest = 0;
    await beat(1);
    watermark.lost();
    oldest = null;
    await beat(1);
    expect(await gaps()).toEqual([[2, 21]]);
  });

  test('with nothing that was vouched for, no gap', async () => {
    watermark = one();
    watermark.lost();
    watermark.listening();
    await beat(1);
    expect(await gaps()).toEqual([]);
  });
});
