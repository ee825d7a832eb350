import { randomUUID } from 'node:crypto';
import { VirtualClock } from '@overdue/clock';
import { connect } from '@overdue/database';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { PingWriter } from '@overdue/pings';
import { makePing, NO_EVENTS } from '@overdue/pings/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Evaluator } from './evaluator.ts';
import { FakeIngester, silent, TestWorld, webhookValue } from './testing/world.ts';

/*
 * `sendalerts` is away for an hour, while jobs go on pinging, some of them late: nothing is missed, nothing doubled, and
 * order is kept. The ingester is the real writer; its watermark is kept by hand.
 */

const MINUTE = 60_000;
const NOON = Date.UTC(2026, 10, 21, 12);

let database: TestDatabase;
let clock: VirtualClock;
let world: TestWorld;
let ingester: FakeIngester;
let writer: PingWriter;
beforeEach(async () => {
  database = await createTestDatabase({ max: 4 });
  world = await new TestWorld(database.sql).begin();
  clock = new VirtualClock(NOON);
  ingester = await new FakeIngester(database.sql).start(NOON - 10 * MINUTE, NOON);
  writer = new PingWriter({
    clock,
    open: () => connect({ target: database.target, applicationName: 'test writer', max: 1 }),
    lanes: [randomUUID()],
    timeoutMs: 5000,
    overflow: null,
    events: NO_EVENTS,
    vouching: {
      instanceId: ingester.id,
      minGap: 5000,
      covered: () => [{ from: NOON - 10 * MINUTE, until: clock.now() }],
      isDead: () => false,
    },
  });
});
afterEach(async () => {
  await writer.close();
  await database.drop();
});

/** A success at so many minutes after noon. */
async function ping(checkId: number, minute: number): Promise<void> {
  clock.jumpTo(NOON + minute * MINUTE);
  const ping = makePing(checkId, clock.now());
  expect(await new Promise((settle) => writer.submit({ ping, settle }))).toBe('recorded');
}

test('sendalerts away for an hour', async () => {
  const channel = await world.channel('webhook', webhookValue('http://receiver.example.org/'));
  const fields = { lastPing: NOON, channels: [channel] };
  const [punctual, late, gone] = [await world.check(fields), await world.check(fields), await world.check(fields)];
  const evaluator = () =>
    new Evaluator({ database, clock, logger: silent, minGap: 5000, databaseNow: () => clock.now() });
  await evaluator().pass();

  // Each is due after a minute, and has one of grace.
  for (let minute = 1; minute <= 60; minute++) {
    await ping(punctual.id, minute);
    if (minute === 1 || minute === 10 || minute === 11 || minute === 40) await ping(late.id, minute);
  }
  await ingester.vouch(clock.now());
  const returned = evaluator();
  await returned.pass();
  await returned.pass();

  const told = async (id: number) => {
    const rows = await database.sql<{ at: number; status: string; owed: number }[]>`
      select f.created_at as at, f.new_status as status,
             (select count(*)::int from notifications n where n.flip_id = f.id) as owed
      from flips f where f.check_id = ${id} order by f.id`;
    return rows.map((row) => `${(row.at - NOON) / MINUTE} ${row.status} ${row.owed}`);
  };
  expect(await told(punctual.id)).toEqual([]);
  expect(await told(late.id)).toEqual(['3 down 1', '10 up 1', '13 down 1', '40 up 1', '42 down 1']);
  expect(await told(gone.id)).toEqual(['2 down 1']);
});
