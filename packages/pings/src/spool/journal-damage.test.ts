/** A journal on a bad disk, and what the throttle makes of one that takes nothing. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import type { Outcome } from '../ping.ts';
import type { Submission } from '../submission.ts';
import { countedPing, makePing } from '../testing.ts';
import { Throttle } from '../throttle.ts';
import type { SpoolDirectory } from './directory.ts';
import { JOURNAL_PREFIX } from './journal.ts';
import { badDisk, breakSectors, failNext, hang, LANE } from './testing.ts';

const disk = badDisk();
const inJournal = (path: string) => path.includes(JOURNAL_PREFIX);
const segments = () => readdirSync(disk().directory).filter((name) => name.endsWith('.seg'));

/** Time goes on until then. */
async function meanwhile<T>(promise: Promise<T>): Promise<T> {
  let isOver = false;
  const over = promise.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await disk().clock.advance(50);
    await new Promise(setImmediate);
  }
  return await over;
}

const count = ({ journal }: SpoolDirectory, checkId: number, at: number) =>
  meanwhile(new Promise<Outcome>((settle) => journal.add(countedPing(checkId, makePing(checkId, at), settle))));

test('a disk that fails for a moment at a start: nothing is given up', async () => {
  await count(await disk().open(), 1, 1000);
  disk().kill();
  let failures = 5;
  await breakSectors((path) => inJournal(path) && failures-- > 0);
  const { clock } = disk();
  vi.spyOn(clock, 'sleep').mockImplementation((milliseconds) => clock.advance(milliseconds));
  const { unclaimed } = await disk().open();
  expect(unclaimed.map(({ pings }) => pings.length)).toEqual([1]);
  expect([failures < 0, disk().damage]).toEqual([true, []]);
});

test('what is counted after damage is not taken for something that was claimed before', async () => {
  const first = await disk().open();
  for (const at of [1000, 1001]) await count(first, 1, at);
  const size = await disk().contentLength(JOURNAL_PREFIX);
  await first.journal.claim(1).bind({ lane: LANE, batch: 1 });
  disk().kill();
  // The claim is left, and nothing of what it is about.
  const { path } = await disk().file(JOURNAL_PREFIX);
  writeFileSync(path, readFileSync(path).fill(0, 8, size));
  const second = await disk().open();
  expect(disk().damage).toMatchObject([{ cause: 'damaged', stretches: [[8, size]] }]);
  await count(second, 1, 2000);
  disk().kill();
  const { stranded, unclaimed } = await disk().open();
  expect([stranded, unclaimed.map(({ pings }) => pings.map(({ at }) => at))]).toEqual([[], [[2000]]]);
});

test('what is claimed after damage is not taken for an earlier claim that the disk gives after all', async () => {
  const claim = async (opened: SpoolDirectory, batch: number) => {
    await count(opened, batch, 1000 + batch);
    const size = await disk().contentLength(JOURNAL_PREFIX);
    await opened.journal.claim(batch).bind({ lane: LANE, batch });
    return size;
  };
  const first = await disk().open();
  await claim(first, 1);
  const size = await claim(first, 2);
  disk().kill();
  const { path } = await disk().file(JOURNAL_PREFIX);
  const whole = readFileSync(path);
  writeFileSync(path, Buffer.from(whole).fill(0, size));
  await claim(await disk().open(), 3);
  disk().kill();
  writeFileSync((await disk().file(JOURNAL_PREFIX)).path, whole);
  const { stranded, unclaimed } = await disk().open();
  expect([stranded.map(({ number }) => number.batch), unclaimed]).toEqual([[1, 2, 3], []]);
});

/** A throttle on the disk's journal, with windows for these checks. */
function throttleOn({ journal }: SpoolDirectory, ...checkIds: number[]) {
  const written: Submission[] = [];
  const { clock } = disk();
  const throttle = new Throttle({ clock, windowMs: 1e6, journal, submit: (one) => void written.push(one) });
  throttle.committed(checkIds.map((id) => ({ id, plain: true }) as never));
  const ping = (checkId: number) => {
    const outcomes: Outcome[] = [];
    const sender = { settle: (outcome: Outcome) => void outcomes.push(outcome) };
    return throttle.take(checkId, makePing(checkId, clock.now()), sender) ? outcomes : null;
  };
  return { throttle, written, ping };
}

test('nothing stays in the journal of a window of which it took nothing', async () => {
  const opened = await disk().open();
  await opened.recovered();
  const { throttle, written, ping } = throttleOn(opened, 1, 2);
  const safe = ping(2);
  await expect.poll(() => safe).toEqual(['recorded']);
  // So that it does not wait for more.
  await disk().clock.advance(10);
  await failNext('write', 'ENOSPC');
  const unsafe = ping(1);
  await expect.poll(() => written.length).toBe(1);
  throttle.endAll();
  for (const { claim, settle } of written) {
    claim!.done();
    settle('recorded');
  }
  expect([unsafe, safe]).toEqual([['recorded'], ['recorded']]);
  await expect.poll(segments).toEqual([]);
});

test('a disk that hangs: what it does not take in time is the database’s, and counts once when the disk goes on', async () => {
  disk().patienceMs = 500;
  const opened = await disk().open();
  await opened.recovered();
  const { written, ping } = throttleOn(opened, 1, 2);
  const { clock } = disk();
  const safe = ping(1);
  await expect.poll(() => safe).toEqual(['recorded']);
  await clock.advance(10);
  const { waiting, goOn } = await hang();
  const [first, other] = [ping(1), ping(2)];
  await expect.poll(waiting).toBe(1);
  const behind = ping(1);
  await clock.advance(499);
  expect(written).toEqual([]);
  await clock.advance(1);
  expect(written.map(({ ping }) => ping.checkId)).toEqual([1, 1, 1, 2]);
  // As long as it hangs, nothing is coalesced, and nothing waits for it.
  await clock.advance(60_000);
  expect(ping(1)).toBeNull();
  const claims = [...new Set(written.map(({ claim }) => claim!))];
  const bound = Promise.all(claims.map((claim, i) => claim.bind({ lane: LANE, batch: i + 1 })));
  await clock.advance(1);
  await bound;
  for (const claim of claims) claim.done();
  for (const { settle } of written) settle('recorded');
  const answers = () => [safe, first, other, behind];
  expect(answers()).toEqual([['recorded'], ['recorded'], ['recorded'], ['recorded']]);
  goOn();
  const isUsable = async () => {
    await clock.advance(100);
    return !opened.journal.failing;
  };
  await expect.poll(isUsable).toBe(true);
  expect(answers()).toEqual([['recorded'], ['recorded'], ['recorded'], ['recorded']]);
  await expect.poll(segments).toEqual([]);
});
