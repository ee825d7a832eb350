/** Ingesters that nobody waits for any more, and what may be lost with them. */
import { randomUUID } from 'node:crypto';
import { VirtualClock } from '@overdue/clock';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { dismissIngester, listInstances } from '@overdue/pings/vouching';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Evaluator } from './evaluator.ts';
import { openGap, recordGaps } from './gaps.ts';
import { FakeIngester, silent, TestWorld } from './testing/world.ts';

const SECOND = 1000;
const HOUR = 3_600_000;
/** Long past: who is dismissed was receiving until now at most, by the database's clock. */
const NOON = Date.UTC(2024, 10, 23, 12);

let database: TestDatabase;
let world: TestWorld;
let clock: VirtualClock;
let logged: unknown[];

beforeEach(async () => {
  database = await createTestDatabase({ max: 4 });
  world = await new TestWorld(database.sql).begin();
  clock = new VirtualClock(NOON);
  logged = [];
});
afterEach(() => database.drop());

function evaluator(): Evaluator {
  const logger = { ...silent, warn: (context: object, text: string) => logged.push({ ...context, text }) };
  const times = { minGap: 5 * SECOND, databaseNow: () => clock.now() };
  return new Evaluator({ database, clock, logger, ...times });
}

/** An ingester that said at `spoolingAt` that it holds pings, and then nothing for a while. */
async function lostIngester(spoolingAt: number): Promise<FakeIngester> {
  const lost = await new FakeIngester(database.sql).start(NOON - HOUR, spoolingAt);
  await lost.beat();
  await database.sql`update instances set seen_at = seen_at - interval '6 seconds' where id = ${lost.id}`;
  return lost;
}

const gaps = () => database.sql<{ from: number; until: number | null; ingester: string | null; held: number }[]>`
  select from_at as "from", until_at as until, instance_id as ingester, checks_held as held from gaps order by from_at`;
const statusOf = async ({ id }: { id: number }) =>
  (await database.sql<{ status: string }[]>`select status from checks where id = ${id}`)[0]!.status;
const dismiss = (id: string, more: { lostUntil?: number; nothingLost?: boolean } = {}) =>
  dismissIngester(database.sql, { id, by: 'root@backup-7', lostUntil: null, nothingLost: false, ...more });

/** Looks `times` times, `every` apart, while `others` live. */
async function look(subject: Evaluator, times: number, every: number, others: readonly FakeIngester[]): Promise<void> {
  for (let i = 0; i < times; i++) {
    clock.jumpTo(clock.now() + every);
    for (const one of others) await one.vouch(clock.now());
    await subject.pass();
  }
}

test('dismissed: alerts go on at once, sparing checks whose ping it may have taken', async () => {
  const [other, lost] = [
    await new FakeIngester(database.sql).start(NOON - HOUR, NOON),
    await lostIngester(NOON - 60 * SECOND),
  ];
  // Deadlines 61 s before noon, when all is known, and a second before noon.
  const late = await world.check({ lastPing: NOON - 181 * SECOND });
  const spared = await world.check({ lastPing: NOON - 121 * SECOND });
  const subject = evaluator();
  await look(subject, 12, SECOND, [other]);
  expect([await statusOf(late), await statusOf(spared)]).toEqual(['down', 'up']);
  expect(subject.state()).toMatchObject({ judgedUntil: NOON - 60 * SECOND, silent: 1 });
  expect(subject.state().problems.join()).toContain(`overdue instances dismiss ${lost.id}`);

  expect(await dismiss(lost.id, { lostUntil: NOON })).toMatchObject({
    lost: { from: NOON - 60 * SECOND, until: NOON },
  });
  await look(subject, 1, SECOND, [other]);
  expect(subject.state()).toMatchObject({ judgedUntil: NOON + 13 * SECOND, silent: 0 });
  // It has until its next expected ping, plus grace.
  expect(await statusOf(spared)).toBe('up');
  expect(await gaps()).toEqual([{ from: NOON - 60 * SECOND, until: NOON, ingester: lost.id, held: 1 }]);
  await look(subject, 1, 107 * SECOND, [other]);
  expect(await statusOf(spared)).toBe('down');

  expect(logged).toContainEqual(expect.objectContaining({ ingester: lost.id, by: 'root@backup-7' }));
  const listed = (await listInstances(database.sql)).filter(({ id }) => id === lost.id);
  expect(listed).toMatchObject([{ dismissedBy: 'root@backup-7', alive: false, vouchesUntil: NOON - 60 * SECOND }]);
  expect(await dismiss(lost.id)).toBe('not waited for');

  // It had only been cut off: its watermark counts again.
  await lost.beat();
  await look(subject, 1, SECOND, [other]);
  expect((await listInstances(database.sql)).find(({ id }) => id === lost.id)).toMatchObject({
    alive: true,
    dismissedBy: null,
  });
});

test('without an instant the gap reaches to the present; with nothing lost there is none', async () => {
  const [one, another] = [await lostIngester(NOON), await lostIngester(NOON - SECOND)];
  const [before] = await database.sql<{ now: number }[]>`select clock_timestamp() as now`;
  const done = await dismiss(one.id);
  const until = (done as { lost: { until: number } }).lost.until;
  expect(until).toBeGreaterThanOrEqual(before!.now);
  expect(await gaps()).toMatchObject([{ from: NOON, until }]);
  expect(await dismiss(another.id, { nothingLost: true })).toMatchObject({ lost: null });
  expect(await gaps()).toHaveLength(1);
  const kept = await database.sql`select host, dismissed_by, lost_until from dismissals order by id`;
  expect(kept).toEqual([
    { host: 'test', dismissed_by: 'root@backup-7', lost_until: until },
    { host: 'test', dismissed_by: 'root@backup-7', lost_until: null },
  ]);
});

test.each([
  ['unknown', async () => randomUUID()],
  ['alive', async () => (await new FakeIngester(database.sql).start(NOON)).id],
  [
    'not waited for',
    async () => {
      const lost = await lostIngester(NOON);
      await lost.stop();
      return lost.id;
    },
  ],
  [
    'not an ingester',
    async () => {
      const lost = await lostIngester(NOON);
      await database.sql`update instances set service = 'web' where id = ${lost.id}`;
      return lost.id;
    },
  ],
] as const)('not dismissed: %s', async (why, make) => {
  expect(await dismiss(await make())).toBe(why);
  expect([...(await gaps()), ...(await database.sql`select from dismissals`)]).toEqual([]);
});

test('found dead after ten minutes: what it may have held is a gap, up to when it can have been receiving', async () => {
  const other = await new FakeIngester(database.sql).start(NOON - HOUR, NOON);
  const lost = await lostIngester(NOON);
  const subject = evaluator();
  await look(subject, 202, 3 * SECOND, [other]);
  expect(await gaps()).toEqual([{ from: NOON, until: NOON + 13 * SECOND, ingester: lost.id, held: 0 }]);
  expect(subject.state().judgedUntil).toBe(clock.now());
});

test('a gap in which nobody is receiving begins where a lost ingester left off: it is one, as long as the longer', async () => {
  const { sql } = database;
  const from = NOON;
  const lost = await lostIngester(NOON);
  await dismiss(lost.id, { lostUntil: NOON + 20 * SECOND });
  await recordGaps(sql, [{ from, until: NOON + 10 * SECOND }]);
  expect(await gaps()).toMatchObject([{ from, until: NOON + 20 * SECOND }]);
  await recordGaps(sql, [{ from, until: NOON + 30 * SECOND }]);
  expect(await gaps()).toMatchObject([{ from, until: NOON + 30 * SECOND }]);
  // It goes on, and is told anew.
  await sql`update gaps set reported_at = now()`;
  await sql`insert into gap_mails (gap_id, user_id) select id, ${world.userId} from gaps`;
  await openGap(sql, from);
  expect(await gaps()).toMatchObject([{ from, until: null, ingester: null }]);
  expect(await sql`select from gaps where reported_at is null`).toHaveLength(1);
  expect(await sql`select from gap_mails`).toHaveLength(0);
  const second = await lostIngester(NOON);
  await dismiss(second.id);
  expect(await gaps()).toMatchObject([{ from, until: null, ingester: null }]);
});
