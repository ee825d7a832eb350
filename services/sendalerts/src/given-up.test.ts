/** Ingesters that nobody waits for any more, and what may be lost with them. */
import { randomUUID } from 'node:crypto';
import { dismissIngester, listInstances } from '@overdue/pings/vouching';
import { expect, test } from 'vitest';
import type { Evaluator } from './evaluator.ts';
import { dismissGap, openGap, recordGaps } from './gaps.ts';
import { HOUR, laboratory, MINUTE, NOON, SECOND } from './testing/laboratory.ts';
import type { FakeIngester } from './testing/world.ts';

const lab = laboratory();

/** An ingester that said at `spoolingAt` that it holds pings, and then nothing for a while. */
async function lostIngester(spoolingAt: number): Promise<FakeIngester> {
  const lost = await lab.ingester(spoolingAt - HOUR, spoolingAt);
  await lost.beat();
  await lab.database.sql`update instances set seen_at = seen_at - interval '6 seconds' where id = ${lost.id}`;
  return lost;
}

/** The database fails the next statement that asks `which`. */
function failOnce(which: string): void {
  const { database } = lab;
  const { sql } = database;
  let failed = false;
  Object.assign(database, {
    sql: new Proxy(sql, {
      apply(target, self, args: [TemplateStringsArray]) {
        if (failed || !args[0].join('').includes(which)) return Reflect.apply(target, self, args);
        failed = true;
        return Promise.reject(new Error('Connection closed'));
      },
    }),
  });
}

const statusOf = async (check: { id: number }) => (await lab.statusOf(check)).status;
const dismiss = (id: string, more: { lostUntil?: number; nothingLost?: boolean } = {}) =>
  dismissIngester(lab.database.sql, { id, by: 'root@backup-7', lostUntil: null, nothingLost: false, ...more });

/** Looks `times` times, `every` apart, while `others` live. */
async function look(subject: Evaluator, times: number, every: number, others: readonly FakeIngester[]): Promise<void> {
  for (let i = 0; i < times; i++) {
    lab.clock.jumpTo(lab.clock.now() + every);
    for (const one of others) await one.vouch(lab.clock.now());
    await subject.pass();
  }
}

test('dismissed: alerts go on at once, sparing checks whose ping it may have taken', async () => {
  const [other, lost] = [await lab.ingester(), await lostIngester(NOON - 60 * SECOND)];
  // Deadlines 61 s before noon, when all is known, and a second before noon.
  const late = await lab.world.check({ lastPing: NOON - 181 * SECOND });
  const spared = await lab.world.check({ lastPing: NOON - 121 * SECOND });
  const subject = lab.evaluator();
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
  expect(await lab.gaps()).toEqual([{ from: NOON - 60 * SECOND, until: NOON, ingester: lost.id, held: 1 }]);
  await look(subject, 1, 107 * SECOND, [other]);
  expect(await statusOf(spared)).toBe('down');

  expect(lab.warnings).toContainEqual(expect.objectContaining({ ingester: lost.id, by: 'root@backup-7' }));
  const listed = (await listInstances(lab.database.sql)).filter(({ id }) => id === lost.id);
  expect(listed).toMatchObject([{ dismissedBy: 'root@backup-7', alive: false, vouchesUntil: NOON - 60 * SECOND }]);
  expect(await dismiss(lost.id)).toBe('not waited for');

  // It had only been cut off: its watermark counts again.
  await lost.beat();
  await look(subject, 1, SECOND, [other]);
  expect((await listInstances(lab.database.sql)).find(({ id }) => id === lost.id)).toMatchObject({
    alive: true,
    dismissedBy: null,
  });
});

test('without an instant the gap reaches to the present; with nothing lost there is none', async () => {
  const longAgo = Date.UTC(2019, 10, 21);
  const [one, another] = [await lostIngester(longAgo), await lostIngester(longAgo - SECOND)];
  const [before] = await lab.database.sql<{ now: number }[]>`select clock_timestamp() as now`;
  const done = await dismiss(one.id);
  const until = (done as { lost: { until: number } }).lost.until;
  expect(until).toBeGreaterThanOrEqual(before!.now);
  expect(await lab.gaps()).toMatchObject([{ from: longAgo, until }]);
  expect(await dismiss(another.id, { nothingLost: true })).toMatchObject({ lost: null });
  expect(await lab.gaps()).toHaveLength(1);
  const kept = await lab.database.sql`select host, dismissed_by, lost_until from dismissals order by id`;
  expect(kept).toEqual([
    { host: 'test', dismissed_by: 'root@backup-7', lost_until: until },
    { host: 'test', dismissed_by: 'root@backup-7', lost_until: null },
  ]);
});

test('that one was dismissed is logged, also when the database fails the look that sees it', async () => {
  const [other, lost] = [await lab.ingester(), await lostIngester(NOON)];
  const subject = lab.evaluator();
  await look(subject, 1, SECOND, [other]);
  await dismiss(lost.id);
  failOnce('from dismissals');
  await expect(look(subject, 1, SECOND, [other])).rejects.toThrow('Connection closed');
  await look(subject, 1, SECOND, [other]);
  expect(lab.warnings).toContainEqual(expect.objectContaining({ ingester: lost.id, by: 'root@backup-7' }));
  expect(lab.gapNotices).toBe(1);
});

test('an instant before what it vouches for is refused, and not taken for one without a gap', async () => {
  const lost = await lostIngester(NOON);
  expect(await dismiss(lost.id, { lostUntil: NOON })).toBe('vouches for more');
  expect(await dismiss(lost.id, { lostUntil: NOON, nothingLost: true })).toMatchObject({ lost: null });
});

test.each([
  ['unknown', async () => randomUUID()],
  ['alive', async () => (await lab.ingester()).id],
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
      await lab.database.sql`update instances set service = 'web' where id = ${lost.id}`;
      return lost.id;
    },
  ],
] as const)('not dismissed: %s', async (why, make) => {
  expect(await dismiss(await make())).toBe(why);
  expect([...(await lab.gaps()), ...(await lab.database.sql`select from dismissals`)]).toEqual([]);
});

test('found dead after ten minutes: it may have been receiving until then, cut off from the database', async () => {
  const other = await lab.ingester();
  const lost = await lostIngester(NOON);
  // Due a minute before it is found dead: that ping may be in its spool.
  const spared = await lab.world.check({ lastPing: NOON + 7 * MINUTE });
  const subject = lab.evaluator();
  await look(subject, 202, 3 * SECOND, [other]);
  const dead = NOON + 10 * MINUTE + 3 * SECOND;
  expect(await lab.gaps()).toEqual([{ from: NOON, until: dead, ingester: lost.id, held: 1 }]);
  expect(await statusOf(spared)).toBe('up');
  expect(subject.state().judgedUntil).toBe(lab.clock.now());
});

test('a gap in which nobody is receiving begins where a lost ingester left off: it is one, as long as the longer', async () => {
  const { sql } = lab.database;
  const from = NOON;
  const lost = await lostIngester(NOON);
  await dismiss(lost.id, { lostUntil: NOON + 20 * SECOND });
  await recordGaps(sql, [{ from, until: NOON + 10 * SECOND }]);
  expect(await lab.gaps()).toMatchObject([{ from, until: NOON + 20 * SECOND }]);
  await recordGaps(sql, [{ from, until: NOON + 30 * SECOND }]);
  expect(await lab.gaps()).toMatchObject([{ from, until: NOON + 30 * SECOND }]);
});

test('a gap that goes on begins where a lost ingester left off: it is told as another, and taken back without it', async () => {
  const { sql } = lab.database;
  const from = NOON;
  const lost = await lostIngester(NOON);
  await dismiss(lost.id, { lostUntil: NOON + 20 * SECOND });
  await sql`update gaps set reported_at = now()`;
  for (let twice = 0; twice < 2; twice++) await openGap(sql, from);
  const open = { from, until: null, ingester: null };
  expect(await lab.gaps()).toMatchObject([open, { from, until: NOON + 20 * SECOND, ingester: lost.id }]);
  expect(await sql`select until_at from gaps where reported_at is null`).toEqual([{ until_at: null }]);
  // One that is lost while it goes on.
  const second = await lostIngester(NOON);
  await dismiss(second.id, { lostUntil: NOON + 40 * SECOND });
  expect(await lab.gaps()).toMatchObject([open, { from, until: NOON + 40 * SECOND }]);
  const [{ id }] = (await sql`select id from gaps where until_at is null`) as never as [{ id: number }];
  await dismissGap(sql, id);
  expect(await lab.gaps()).toMatchObject([{ from, until: NOON + 40 * SECOND, ingester: lost.id }]);
});
