import { VirtualClock } from '@overdue/clock';
import { beforeEach, expect, test } from 'vitest';
import type { Outcome, Submission } from './ping.ts';
import { makePing } from './testing.ts';
import { Throttle } from './throttle.ts';

const START = Date.UTC(2026, 0, 1);

let clock: VirtualClock;
/** What the throttle handed to the writer and nobody has ended yet. */
let written: Submission[];
/** What waits for the journal. */
let journaled: Submission[];
let failing: boolean;
let takeOver: (submissions: readonly Submission[]) => void;

function throttleOf(maxKept = 1000): Throttle {
  return new Throttle({
    clock,
    windowMs: 10_000,
    maxKept,
    journal: {
      get failing() {
        return failing;
      },
      add: (_checkId, submission) => void journaled.push(submission),
      claim: () => ({ bind: async () => {}, done() {} }),
      whenItFails(take) {
        takeOver = take;
      },
    },
    submit: (submission) => void written.push(submission),
  });
}

beforeEach(() => {
  clock = new VirtualClock(START);
  written = [];
  journaled = [];
  failing = false;
});

function submission(checkId: number): Submission & { readonly outcomes: Outcome[] } {
  const outcomes: Outcome[] = [];
  return { ping: makePing(checkId, clock.now()), outcomes, settle: (outcome) => void outcomes.push(outcome) };
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
  for (const id of [2, 2, 2, 1, 1, 1, 1, 3, 3, 3]) expect(throttle.take(submission(id))).toBe(true);
  expect(written).toEqual([]);
  expect(throttle.take(submission(3))).toBe(true);
  expect(written.map(({ ping }) => ping.checkId)).toEqual([2, 2, 2]);
  // What the writer has takes room until it is committed.
  let taken = 0;
  while (taken < 100 && throttle.take(submission(3))) taken++;
  expect(taken).toBe(2);
  expect(throttle.take(submission(1))).toBe(false);
  end('recorded');
  open(throttle, 1);
  expect(throttle.take(submission(1))).toBe(true);
});

test('a window of many pings keeps few of them', () => {
  const throttle = throttleOf();
  open(throttle, 1);
  for (let i = 0; i < 5000; i++) expect(throttle.take(submission(1))).toBe(true);
  expect(written).toEqual([]);
  throttle.end(1);
  expect(counted()).toBe(5000);
  expect(written.length).toBeLessThan(300);
});

test('what the journal cannot take is written for itself, after what was answered before it', () => {
  const throttle = throttleOf();
  open(throttle, 1, 2);
  const safe = submission(1);
  throttle.take(safe);
  const others = [submission(1), submission(2), submission(1)];
  for (const one of others) throttle.take(one);
  failing = true;
  takeOver(others);
  expect(written.map(({ ping, claim }) => [ping.checkId, claim !== undefined])).toEqual([
    [1, true],
    [1, false],
    [1, false],
    [2, false],
  ]);
  expect(new Set(written.slice(1))).toEqual(new Set(others));
  expect([safe, ...others].flatMap(({ outcomes }) => outcomes)).toEqual([]);
  expect(throttle.pings).toBe(1);
  // The window is over, and nothing is coalesced while the disk takes nothing.
  expect(throttle.take(submission(1))).toBe(false);
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
  const all = Array.from({ length: safe + unsafe }, () => submission(1));
  for (const one of all) throttle.take(one);
  takeOver(all.slice(safe));
  throttle.end(1);
  expect(counted()).toBe(safe + unsafe);
  expect(written.filter(({ claim }) => !claim)).toHaveLength(unsafe);
  const [claim] = new Set(written.flatMap((one) => one.claim ?? []));
  const answered = claim?.answered() ?? [];
  expect(answered.reduce((sum, { skipped }) => sum + 1 + skipped, 0)).toBe(safe);
});

test('also when the window ended while the journal was trying', () => {
  const throttle = throttleOf();
  open(throttle, 1, 2, 3);
  const [early, late, gone] = [submission(1), submission(2), submission(3)];
  throttle.take(gone);
  throttle.end(3);
  end('recorded');
  throttle.take(early);
  throttle.end(1);
  throttle.take(late);
  takeOver([early, late, gone]);
  expect(written.map(({ ping }) => ping.checkId)).toEqual([1, 2]);
  expect([early.outcomes, late.outcomes, gone.outcomes]).toEqual([[], [], ['recorded']]);
  // Should its write be refused, nobody has been promised anything: it may be sent again.
  expect(written[0]!.claim!.answered()).toEqual([]);
  end('recorded');
  expect([early.outcomes, late.outcomes]).toEqual([['recorded'], ['recorded']]);
});
