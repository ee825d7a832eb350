import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@overdue/clock';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Ping } from '../ping.ts';
import type { Claim } from '../submission.ts';
import { countedPing, makePing } from '../testing.ts';
import { openSpoolDirectory, type SpoolDirectory } from './directory.ts';
import { spoolStatus } from './status.ts';
import { mendDisk, NOTHING_THERE, sayOfFiles } from './testing.ts';

const LANE = '01234567-89ab-4def-8123-456789abcdef';

let root: string;
let directory: string;
let opened: SpoolDirectory;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'overdue-status-'));
  directory = join(root, 'spool');
  opened = await openSpoolDirectory({ directory, maxBytes: 1 << 20, clock: systemClock, onDamage: () => {} });
  await opened.recovered();
});
afterEach(async () => {
  mendDisk();
  await opened.close();
  rmSync(root, { recursive: true, force: true });
});

const ping = (checkId: number, at: number, late: Ping['late'] = 'coalesced') => makePing(checkId, at, { late });

/** Coalesces pings of a check; resolves when they are in the journal. */
const coalesce = (checkId: number, ...instants: number[]) =>
  Promise.all(
    instants.map((at) => new Promise((settle) => opened.journal.add(countedPing(checkId, ping(checkId, at), settle)))),
  );
const claim = async (checkId: number, batch: number): Promise<Claim> => {
  const claimed = opened.journal.claim(checkId);
  await claimed.bind({ lane: LANE, batch });
  return claimed;
};
/** What a process that is killed now leaves. */
const afterKill = () => spoolStatus(copied());
function copied(): string {
  const copy = mkdtempSync(join(root, 'killed-'));
  cpSync(directory, copy, { recursive: true, filter: (path) => !path.endsWith('lock') });
  return copy;
}

test('what waits in the throttle counts, until it is committed', async () => {
  await coalesce(1, 1000, 1001);
  await coalesce(2, 1002);
  expect(await spoolStatus(directory)).toMatchObject({ pings: 3, coalesced: 3, oldest: 1000, unreadableBytes: 0 });
  expect((await spoolStatus(directory)).bytes).toBeGreaterThan(0);
  const claims = [await claim(1, 1), await claim(2, 1)];
  expect(await spoolStatus(directory)).toMatchObject({ pings: 3, coalesced: 3, oldest: 1000 });
  expect(await afterKill()).toMatchObject({ pings: 3, coalesced: 3 });
  for (const { done } of claims) done();
  await expect.poll(() => spoolStatus(directory)).toEqual(NOTHING_THERE);
});

test('a file that is done with while it is looked at is no damage', async () => {
  await opened.spool.append({ lane: LANE, batch: 1 }, [ping(1, 1000)]);
  const copy = copied();
  const [name] = readdirSync(copy).filter((one) => one.startsWith('spool-'));
  const path = join(copy, name!);
  const stats = statSync(path);
  sayOfFiles(() => {
    rmSync(path);
    return stats;
  });
  expect(await spoolStatus(copy)).toMatchObject({ pings: 0, unreadableBytes: 0 });
});

test('what went from the throttle into the spool counts once', async () => {
  await coalesce(1, 1000, 1001);
  await claim(1, 7);
  await opened.spool.append({ lane: LANE, batch: 7 }, [ping(1, 1000), ping(1, 1001)]);
  expect(await spoolStatus(directory)).toMatchObject({ pings: 2, coalesced: 0, oldest: 1000 });
  // And not at all when it is applied, though both logs still have it.
  await coalesce(2, 1002);
  await opened.spool.append({ lane: LANE, batch: 8 }, [ping(3, 1003, false)]);
  await opened.spool.applied((await opened.spool.next(1 << 20)).slice(0, 1));
  expect(await spoolStatus(directory)).toMatchObject({ coalesced: 1 });
});

test('of an ingester that runs, batches before its newest are committed; of one that was killed nobody knows', async () => {
  // While it waits, nothing before it leaves the journal either.
  await coalesce(3, 3000);
  await coalesce(1, 1000);
  (await claim(1, 1)).done();
  await coalesce(2, 2000);
  const pending = await claim(2, 2);
  expect(await spoolStatus(directory)).toMatchObject({ pings: 2, oldest: 2000 });
  expect(await afterKill()).toMatchObject({ pings: 3, oldest: 1000 });
  pending.done();
});
