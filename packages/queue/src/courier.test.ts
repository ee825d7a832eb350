import { randomUUID } from 'node:crypto';
import { VirtualClock } from '@overdue/clock';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Courier } from './courier.ts';
import { courierOptions } from './options.ts';
import { quiet, type Sending, TestOutbox, testHandler } from './testing/outbox.ts';
import type { Claim, Outcome, Prepared } from './types.ts';

const SENT: Outcome = { result: 'sent', answer: '200' };
const AWAY: Outcome = { result: 'retry', error: 'Connection failed', unreachable: true };
const LEASE = 5000;

let database: TestDatabase;
let outbox: TestOutbox;
const couriers: Courier[] = [];
beforeEach(async () => {
  database = await createTestDatabase({ max: 8 });
  outbox = await new TestOutbox(database.sql).begin();
});
afterEach(async () => {
  for (const courier of couriers.splice(0)) await courier.stop(0);
  await database.drop();
});

/** A worker whose clock, also in the outbox, moves only when told to. Its destinations are what channels say. */
function worker(
  at: number,
  send: (sending: Sending) => Outcome | Promise<Outcome> = () => SENT,
  { perDestination = 1, perStatus = false } = {},
) {
  const clock = new VirtualClock(at);
  const options = { database, clock, logger: quiet, worker: randomUUID(), lease: LEASE, clockInOutbox: true };
  const courier = new Courier(
    courierOptions({ ...options, gate: { perDestination }, random: () => 0 }, () => undefined),
  );
  const handler = testHandler(database.sql, send);
  courier.start(
    perStatus ? { prepare: async (claims) => eachToItsStatus(claims, await handler.prepare(claims)) } : handler,
  );
  couriers.push(courier);
  return {
    clock,
    courier,
    sent: handler.sent,
    async claim() {
      const { claims } = await courier.outbox.claimDue(100, courier.busyRoutes());
      return { claims, dealt: courier.accept(claims) };
    },
  };
}

/** As a webhook with two addresses: the destination is another one for each status. */
function eachToItsStatus(claims: readonly Claim[], prepared: ReadonlyMap<number, Prepared>): Map<number, Prepared> {
  return new Map(claims.map((claim) => [claim.id, { ...prepared.get(claim.id)!, destination: claim.checkStatus }]));
}

/** An answer that a receiver keeps to itself until it is told to give it. */
function answer() {
  let give = (_outcome: Outcome): void => undefined;
  const promise = new Promise<Outcome>((resolve) => {
    give = resolve;
  });
  return { promise, give };
}

/** Two checks that are down, to one receiver; one is told of at a time. The instant is one at which both are due. */
async function twoOwed() {
  const [channel] = await outbox.channels(1, () => 'slow');
  const [first, second] = await outbox.checks(2, () => [channel!]);
  await outbox.flip([first!], 'down');
  await outbox.flip([second!], 'down');
  return { first: first!, second: second!, at: Date.now() + 60_000 };
}

test('who was frozen sends nothing of what another took over meanwhile', async () => {
  const { second, at } = await twoOwed();
  const slow = answer();
  const frozen = worker(at, () => slow.promise);
  const { dealt } = await frozen.claim();
  await expect.poll(() => frozen.sent.length).toBe(1);

  const other = worker(at + LEASE);
  await (await other.claim()).dealt;
  await outbox.flip([second], 'up');
  await (await other.claim()).dealt;
  expect(other.sent.map(({ claim }) => claim.checkStatus)).toEqual(['down', 'down', 'up']);

  frozen.clock.jumpTo(at + 30_000);
  slow.give({ result: 'retry', error: 'Connection timed out' });
  await dealt;
  expect(frozen.sent).toHaveLength(1);
  expect(await outbox.states()).toEqual({ sent: 3 });
});

test('who is cut off from the database sends nothing once its leases may have ended', async () => {
  const { at } = await twoOwed();
  const slow = answer();
  const cutOff = worker(at, () => slow.promise);
  const { dealt } = await cutOff.claim();
  await expect.poll(() => cutOff.sent.length).toBe(1);
  cutOff.courier.outbox.renew = async () => {
    throw Object.assign(new Error('gone'), { code: 'ECONNRESET' });
  };
  await cutOff.clock.advance(LEASE);
  slow.give(SENT);
  await dealt;
  expect(cutOff.sent).toHaveLength(1);
  expect(await outbox.states()).toEqual({ sent: 1, owed: 1 });
});

test('while its leases are renewed it goes on, however long the receiver takes', async () => {
  const { at } = await twoOwed();
  const slow = answer();
  const patient = worker(at, () => slow.promise);
  const { dealt } = await patient.claim();
  const ends = async () =>
    (await database.sql<{ ends: number }[]>`select leased_until as ends from notifications`).map((row) => row.ends);
  while (patient.clock.now() < at + 4 * LEASE) {
    await patient.clock.advance(1000);
    await expect.poll(ends).toEqual(Array(2).fill(patient.clock.now() + LEASE));
  }
  expect((await worker(patient.clock.now()).claim()).claims).toEqual([]);
  slow.give(SENT);
  await dealt;
  expect(patient.sent).toHaveLength(2);
  expect(await outbox.states()).toEqual({ sent: 2 });
});

test('claims again what it is still sending, and does not send it twice', async () => {
  const { at } = await twoOwed();
  const slow = answer();
  const frozen = worker(at, () => slow.promise);
  const { dealt } = await frozen.claim();
  await expect.poll(() => frozen.sent.length).toBe(1);
  frozen.clock.jumpTo(at + 30_000);
  expect((await frozen.claim()).claims).toHaveLength(0); // its destination is full
  const again = await frozen.courier.outbox.claimDue(100, []);
  expect(again.claims).toHaveLength(2);
  await frozen.courier.accept(again.claims);
  slow.give(SENT);
  await dealt;
  expect(frozen.sent).toHaveLength(2);
  expect(await outbox.states()).toEqual({ sent: 2 });
});

test('a destination that does not answer: others are claimed, and its own rows are not churned', async () => {
  const [dead, alive] = await outbox.channels(2, (i) => (i === 0 ? 'dead' : 'alive'));
  const checks = await outbox.checks(20, (i) => [i < 10 ? dead! : alive!]);
  await outbox.flip(checks.slice(0, 10), 'down');
  const w = worker(Date.now() + 60_000, ({ to }) => (to === 'dead' ? AWAY : SENT), { perDestination: 5 });
  await (await w.claim()).dealt;
  expect(w.courier.busyRoutes()).toEqual([`${dead} down`]);
  // All of them are due: only what this worker knows keeps it from claiming them.
  await database.sql`update notifications set next_attempt_at = now()`;
  await outbox.flip(checks.slice(10), 'down');
  const { claims, dealt } = await w.claim();
  expect(claims.map((claim) => claim.channelId)).toEqual(Array(10).fill(alive));
  await dealt;
});

test('of a webhook to two hosts only the one that does not answer is left alone', async () => {
  const [channel] = await outbox.channels(1, () => 'either');
  const checks = await outbox.checks(8, () => [channel!]);
  await outbox.flip(checks.slice(0, 7), 'up');
  const send = ({ claim }: Sending) => (claim.checkStatus === 'up' ? AWAY : SENT);
  const w = worker(Date.now() + 60_000, send, { perDestination: 7, perStatus: true });
  await (await w.claim()).dealt;
  expect(w.courier.busyRoutes()).toEqual([`${channel} up`]);
  await outbox.flip(checks.slice(7), 'down');
  await (await w.claim()).dealt;
  expect(await outbox.states()).toEqual({ owed: 7, sent: 1 });
});

test('one that was never tried is not given up for what others met with there', async () => {
  const [channel] = await outbox.channels(1, () => 'dead');
  const checks = await outbox.checks(7, () => [channel!]);
  await outbox.flip(checks.slice(0, 5), 'down');
  const w = worker(Date.now() + 60_000, () => AWAY, { perDestination: 5 });
  await (await w.claim()).dealt;
  await outbox.flip(checks.slice(5), 'down');
  await database.sql`
    update notifications set created_at = now() - interval '2 days', attempts = (check_id = ${checks[5]!})::int
    where check_id = any(${checks.slice(5)}::bigint[])`;
  // Claimed in spite of the breaker, as in the instant in which it opens.
  const { claims } = await w.courier.outbox.claimDue(10, []);
  expect(claims.map((claim) => claim.checkId)).toEqual(checks.slice(5));
  await w.courier.accept(claims);
  const rows = await database.sql<{ state: string; attempts: number }[]>`
    select state, attempts from notifications where check_id = any(${checks.slice(5)}::bigint[]) order by id`;
  expect([...rows]).toEqual([
    { state: 'failed', attempts: 2 },
    { state: 'owed', attempts: 0 },
  ]);
});
