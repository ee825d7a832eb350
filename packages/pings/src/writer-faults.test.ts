import { randomUUID } from 'node:crypto';
import { systemClock } from '@overdue/clock';
import { connect } from '@overdue/database';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Applied, applyBatch } from './apply-batch.ts';
import type { BatchNumber } from './lanes.ts';
import type { Outcome, Ping } from './ping.ts';
import { RememberedChecks } from './remembered-checks.ts';
import { makePing, NO_EVENTS } from './testing.ts';
import { PingWriter } from './writer.ts';

/*
 * Whatever becomes of a batch, pings of a check are logged in the order in which they came, each once: those of the batch,
 * and those that waited behind it.
 */

const CHECKS = 5;
const WRITER = 'writer under test';
/** PostgreSQL's text takes everything else. */
const REFUSED = '\0';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  await Promise.all(opened.map((writer) => writer.close()));
  await database.drop();
});
const opened: PingWriter[] = [];
const ways = new Set<Applied['way']>();

async function makeChecks(): Promise<number[]> {
  const { sql } = database;
  const name = randomUUID();
  const [user] = await sql`insert into users (username, email) values (${name}, ${name}) returning id`;
  const [project] = await sql`
    insert into projects (name, owner_id, badge_key, ping_log_limit) values ('p', ${user!.id}, ${name}, 1000000) returning id`;
  const rows = await sql<{ id: number }[]>`
    insert into checks (project_id) select ${project!.id}::bigint from generate_series(1, ${CHECKS}) returning id`;
  return rows.map(({ id }) => id);
}

/** A writer, and what it leaves aside while the database is away. */
class Bench {
  readonly overflow: { number: BatchNumber; pings: readonly Ping[] }[] = [];
  readonly writer: PingWriter;

  /** @param timeoutMs so long a ping waits before it goes to the overflow */
  constructor(timeoutMs: number) {
    this.writer = new PingWriter({
      clock: systemClock,
      open: () => connect({ target: database.target, applicationName: WRITER, max: 1 }),
      lanes: [randomUUID()],
      timeoutMs,
      overflow: { append: async (number, pings) => void this.overflow.push({ number, pings }) },
      memory: new RememberedChecks(),
      events: { ...NO_EVENTS, committed: ({ way }) => void ways.add(way) },
    });
    opened.push(this.writer);
  }

  submit(ping: Ping): Promise<Outcome> {
    return new Promise((settle) => this.writer.submit({ ping, settle }));
  }

  /** What the replay does: all that was left aside is applied, in order, each batch under its number. */
  async drain(): Promise<void> {
    const sql = await database.sql.reserve();
    while (this.writer.mode !== 'live') {
      this.writer.hold();
      while (this.writer.busy) await systemClock.sleep(1);
      while (this.overflow.length > 0) {
        const { number, pings } = this.overflow.shift()!;
        // The one that PostgreSQL refuses, the replay would look for and leave out.
        const taken = pings.filter(({ scheme }) => scheme !== REFUSED);
        await applyBatch(sql, taken, { ranges: [{ ...number, first: number.batch }] });
      }
      if (!this.writer.busy) this.writer.goLive();
    }
    sql.release();
  }
}

type Fault = 'none' | 'cut' | 'hang' | 'refused';
const fault = fc.oneof(
  { weight: 50, arbitrary: fc.constant<Fault>('none') },
  { weight: 5, arbitrary: fc.constant<Fault>('cut') },
  { weight: 1, arbitrary: fc.constant<Fault>('hang') },
  { weight: 5, arbitrary: fc.constant<Fault>('refused') },
);
/** `after`: milliseconds, about as long as a round trip. */
const wave = fc.record({ fault, pings: fc.integer({ min: 1, max: 50 }), after: fc.nat({ max: 4 }) });

const cut = () => database.sql`
  select pg_terminate_backend(pid) from pg_stat_activity where application_name = ${WRITER}`;

/** Holds up what writes to the log, until `work` is done. */
async function holdingUp(work: () => Promise<unknown>): Promise<void> {
  await database.sql.begin(async (tx) => {
    await tx`lock table pings in exclusive mode`;
    await work();
  });
}

/** Breaks something of the writer's connection, at this moment. */
async function breakIt(kind: Fault): Promise<void> {
  if (kind === 'cut') await cut();
  else if (kind === 'hang') await holdingUp(() => systemClock.sleep(300));
}

async function expectLogged(checkId: number, pings: readonly Ping[]): Promise<void> {
  const logged = await database.sql<{ ua: string; n: number }[]>`
    select ua, n::int from pings where check_id = ${checkId} order by pings.n`;
  const expected = pings.filter((ping) => ping.checkId === checkId && ping.scheme !== REFUSED);
  expect([...logged]).toEqual(expected.map(({ ua }, i) => ({ ua, n: i + 1 })));
  const [check] = await database.sql<{ n_pings: number }[]>`select n_pings from checks where id = ${checkId}`;
  expect(check!.n_pings).toBe(expected.length);
}

test.each(['none', 'cut', 'hang', 'refused', 'away'] as const)(
  'a batch with others waiting behind it: %s',
  async (kind) => {
    const [checkId] = await makeChecks();
    const bench = new Bench(kind === 'hang' ? 1000 : 10_000);
    const pings = Array.from({ length: 60 }, (_, i) =>
      makePing(checkId!, Date.now(), { ua: `${i}`, scheme: kind === 'refused' && i === 7 ? REFUSED : 'http' }),
    );
    const submit = (from: number, to: number) => pings.slice(from, to).map((ping) => bench.submit(ping));
    // So that its connection is there, and its check up.
    await Promise.all(submit(0, 5));
    let outcomes: Promise<Outcome>[] = [];
    const sendTwoBatches = async () => {
      outcomes = submit(5, 25);
      await new Promise(setImmediate);
      outcomes.push(...submit(25, 60));
    };
    if (kind === 'none' || kind === 'refused') {
      await sendTwoBatches();
    } else {
      await holdingUp(async () => {
        await sendTwoBatches();
        const waiting = () => database.sql`
          select 1 from pg_stat_activity where application_name = ${WRITER} and wait_event_type = 'Lock'`;
        await expect.poll(async () => (await waiting()).length, { interval: 2, timeout: 10_000 }).toBe(1);
        if (kind === 'cut') await cut();
        else if (kind === 'away') bench.writer.goAway(null);
        else await bench.writer.away();
      });
    }
    await Promise.all(outcomes.slice(0, 20));
    // A connection that is gone is replaced at once, not when the patience with it ends.
    expect(bench.writer.mode).toBe(kind === 'hang' || kind === 'away' ? 'spooling' : 'live');
    await bench.drain();
    const refused = kind === 'refused' ? [2] : [];
    expect(await Promise.all(outcomes)).toEqual(outcomes.map((_, i) => (refused.includes(i) ? 'refused' : 'recorded')));
    await bench.drain();
    await expectLogged(checkId!, pings);
  },
  20_000, // a transaction that is left open holds everything up for longer
);

test('pings of a check are logged in order and once, whatever breaks in between', async () => {
  const run = fc.asyncProperty(fc.array(wave, { minLength: 60, maxLength: 80 }), async (waves) => {
    const checks = await makeChecks();
    const bench = new Bench(200);
    const submitted: { ping: Ping; outcome: Promise<Outcome> }[] = [];
    const faults: Promise<void>[] = [];
    let text = 0;
    for (const { fault, pings, after } of waves) {
      for (let i = 0; i < pings; i++) {
        const ping = makePing(checks[text % CHECKS]!, Date.now(), {
          ua: `${text++}`,
          scheme: fault === 'refused' && i === pings >> 1 ? REFUSED : 'http',
        });
        submitted.push({ ping, outcome: bench.submit(ping) });
      }
      await systemClock.sleep(after);
      faults.push(breakIt(fault));
      if (bench.writer.mode !== 'live') await bench.drain();
    }
    await Promise.all(faults);
    await bench.drain();
    await bench.writer.settled();
    await bench.drain();
    for (const { ping, outcome } of submitted) {
      const heard = await outcome; // one that is refused may be in the overflow, where its outcome is not known
      if (ping.scheme !== REFUSED) expect(heard).toBe('recorded');
    }
    const pings = submitted.map(({ ping }) => ping);
    for (const checkId of checks) await expectLogged(checkId, pings);
  });
  await fc.assert(run, { seed: 3, numRuns: 4, endOnFailure: true });
}, 60_000);

test('all of that, in one round trip and in two', () => {
  expect(ways).toContain('short');
  expect(ways).toContain('long');
});
