import { VirtualClock } from '@overdue/clock';
import { beforeEach, expect, test } from 'vitest';
import type { Outcome } from './ping.ts';
import type { CountedPing } from './spool/journal.ts';
import type { Submission } from './submission.ts';
import { makePing } from './testing.ts';
import { Throttle } from './throttle.ts';

const START = Date.UTC(2026, 0, 1);

let clock: VirtualClock;
/** What the throttle handed to the writer and nobody has ended yet. */
let written: Submission[];
/** What waits for the journal. */
let journaled: CountedPing[];
let failing: boolean;
/** Submissions so far. */
let made: number;

function throttleOf(maxKept = 1000): Throttle {
  return new Throttle({
    clock,
    windowMs: 10_000,
    maxKept,
    journal: {
      get failing() {
        return failing;
      },
      add: (counted) => void journaled.push(counted),
      claim: () => ({ bind: async () => {}, done() {} }),
    },
    submit: (submission) => void written.push(submission),
  });
}

beforeEach(() => {
  clock = new VirtualClock(START);
  written = [];
  journaled = [];
  failing = false;
  made = 0;
});

/** One that a test follows. */
interface Sent {
  readonly checkId: number;
  readonly outcomes: Outcome[];
  settle(outcome: Outcome): void;
}

/** @param at a millisecond after the last one's */
function sent(throttle: Throttle, checkId: number, at = START + ++made): Sent | null {
  const outcomes: Outcome[] = [];
  const one: Sent = { checkId, outcomes, settle: (outcome) => void outcomes.push(outcome) };
  return throttle.take(checkId, makePing(checkId, at), one) ? one : null;
}

const isTaken = (throttle: Throttle, checkId: number) => sent(throttle, checkId) !== null;

const take = (throttle: Throttle) => (checkId: number) => {
  const one = sent(throttle, checkId);
  expect(one).not.toBeNull();
  return one!;
};

/** The disk does not take these. */
function failsFor(senders: readonly (Sent | null | undefined)[]): void {
  for (const sum of new Set(journaled.map((one) => one.sum))) {
    const pings = journaled.filter((one) => one.sum === sum && senders.includes(one.sender as Sent));
    if (pings.length > 0) sum.unwritten(pings);
  }
}

/** The commit, or not, of all that was handed to the writer. */
function end(outcome: Outcome): void {
  const claims = new Set(written.flatMap(({ claim }) => claim ?? []));
  const all = written.splice(0);
  if (outcome === 'recorded') for (const claim of claims) claim.done();
  for (const one of all) one.settle(outcome);
}

const open = (throttle: Throttle, ...ids: number[]) =>
  throttle.committed(ids.map((id) => ({ id, plain: true }) as Parameters<Throttle['committed']>[0][number]));
const counted = () => written.reduce((sum, { ping }) => sum + 1 + ping.skipped, 0);

test('past its room, the window that has held pings for longest ends; past twice as much nothing is taken', () => {
  const throttle = throttleOf(10);
  open(throttle, 1, 2, 3);
  for (const id of [2, 2, 2, 1, 1, 1, 1, 3, 3, 3]) expect(isTaken(throttle, id)).toBe(true);
  expect(written).toEqual([]);
  expect(isTaken(throttle, 3)).toBe(true);
  expect(written.map(({ ping }) => ping.checkId)).toEqual([2, 2, 2]);
  // What the writer has takes room until it is committed.
  let taken = 0;
  while (taken < 100 && isTaken(throttle, 3)) taken++;
  expect(taken).toBe(2);
  expect(isTaken(throttle, 1)).toBe(false);
  end('recorded');
  open(throttle, 1);
  expect(isTaken(throttle, 1)).toBe(true);
});

test('a window of many pings keeps few of them', () => {
  const throttle = throttleOf();
  open(throttle, 1);
  for (let i = 0; i < 5000; i++) expect(isTaken(throttle, 1)).toBe(true);
  expect(written).toEqual([]);
  throttle.end(1);
  expect(counted()).toBe(5000);
  expect(written.length).toBeLessThan(300);
});

test('what the journal cannot take goes with its sum at once, in order, and is answered with it', () => {
  const throttle = throttleOf();
  open(throttle, 1, 2);
  const [safe, unsafe, other, pending] = [1, 1, 2, 1].map(take(throttle));
  failing = true;
  failsFor([unsafe!, other!]);
  expect(written.map(({ ping, claim }) => [ping.checkId, ping.at - START, claim !== undefined])).toEqual([
    [1, 1, true],
    [1, 2, true],
    [1, 4, true],
    [2, 3, true],
  ]);
  expect([safe, unsafe, other, pending].flatMap((one) => one!.outcomes)).toEqual([]);
  // The window is over, and nothing is coalesced while the disk takes nothing.
  expect(isTaken(throttle, 1)).toBe(false);
  end('recorded');
  // The others are the journal's to answer.
  expect([safe, unsafe, other, pending].map((one) => one!.outcomes)).toEqual([[], ['recorded'], ['recorded'], []]);
  expect(throttle.pings).toBe(0);
});

test.each([
  [100, 300],
  [300, 100],
  [300, 300],
  [0, 300],
  [300, 0],
])('of a long window, %i answered and %i that the journal cannot take: each counts once', (safe, unsafe) => {
  const throttle = throttleOf();
  open(throttle, 1);
  const all = Array.from({ length: safe + unsafe }, () => take(throttle)(1));
  failsFor(all.slice(safe));
  throttle.end(1);
  expect(counted()).toBe(safe + unsafe);
  const [claim] = new Set(written.flatMap((one) => one.claim ?? []));
  expect(claim!.answered().reduce((sum, { skipped }) => sum + 1 + skipped, 0)).toBe(safe);
});

test('also when the window ended while the journal was trying', () => {
  const throttle = throttleOf();
  open(throttle, 1, 2, 3);
  const gone = take(throttle)(3);
  throttle.end(3);
  end('recorded');
  const early = take(throttle)(1);
  throttle.end(1);
  const late = take(throttle)(2);
  failsFor([early, late, gone]);
  expect(written.map(({ ping }) => ping.checkId)).toEqual([1, 2]);
  expect([early.outcomes, late.outcomes, gone.outcomes]).toEqual([[], [], ['recorded']]);
  // Should its write be refused, nobody has been promised anything: it may be sent again.
  expect(written[0]!.claim!.answered()).toEqual([]);
  end('recorded');
  expect([early.outcomes, late.outcomes]).toEqual([['recorded'], ['recorded']]);
});

test('two sums of a check under way: what the journal cannot take shares the fate of its own', async () => {
  const throttle = throttleOf();
  open(throttle, 1);
  const first = take(throttle)(1);
  await clock.advance(1100);
  const second = take(throttle)(1);
  await clock.advance(1100);
  failsFor([first]);
  const [sum, later] = written.splice(0);
  expect([sum, later].map((one) => one!.claim!.answered().length)).toEqual([0, 1]);
  sum!.claim!.done();
  sum!.settle('recorded');
  later!.settle('refused');
  expect([first.outcomes, second.outcomes]).toEqual([['recorded'], []]);
});

test.each([-5000, 0])('a clock that stepped by %i ms: what the journal cannot take is still written first', (step) => {
  const throttle = throttleOf();
  open(throttle, 1);
  sent(throttle, 1);
  const unsafe = sent(throttle, 1, START + step)!;
  failsFor([unsafe]);
  expect(unsafe.outcomes).toEqual([]);
  expect(counted()).toBe(2);
  end('refused');
  expect(unsafe.outcomes).toEqual(['refused']);
});

test.each([
  ['a few pings of a few checks', 100, 255, 25_500],
  ['of many checks', 101, 1, 0],
  ['so many of one that not all are kept', 1, 256, 0],
])('a second later: %s', async (_name, checks, pings, expected) => {
  const throttle = throttleOf(1e6);
  const ids = Array.from({ length: checks }, (_, i) => i + 1);
  open(throttle, ...ids);
  for (const id of ids) for (let i = 0; i < pings; i++) take(throttle)(id);
  await clock.advance(1000);
  expect(counted()).toBe(expected);
  // The window is still open.
  expect(isTaken(throttle, 1)).toBe(true);
  await clock.advance(9000);
  expect(counted()).toBe(checks * pings + 1);
});
