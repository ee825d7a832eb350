/** A disk that does not give what is on it, or does not take what is written. */
import { rmSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { keepReceived } from './received.ts';
import { listSegments } from './segment-file.ts';
import { UNREADABLE_AFTER_MS } from './segment-log.ts';
import { SPOOL_PREFIX, type Spool } from './spool.ts';
import { ALL, append, applyAll, badDisk, breakSectors, failNext, mendDisk, sayOfFiles } from './testing.ts';

const disk = badDisk();

describe('bad sectors', () => {
  const inSpool = (path: string) => path.includes('spool-0');

  async function big(spool: Spool): Promise<void> {
    for (let batch = 1; batch <= 6; batch++) await append(spool, batch, Buffer.alloc(5000, batch));
  }

  test('what comes before one is applied at once; after half a minute, what comes after it', async () => {
    const spool = await disk().openSpool();
    await big(spool);
    await breakSectors((path, page) => inSpool(path) && page === 3);
    expect(await spool.next(ALL).then((r) => r.map(({ content }) => content.batch))).toEqual([1, 2]);
    await spool.applied(await spool.next(ALL));
    await expect(spool.next(ALL)).rejects.toThrow('EIO');
    await disk().clock.advance(UNREADABLE_AFTER_MS - 1);
    await expect(spool.next(ALL)).rejects.toThrow('EIO');
    expect(disk().damage).toEqual([]);
    expect(spool.pings).toBe(40);
    await append(spool, 7);
    await disk().clock.advance(1);
    expect(await applyAll(spool)).toEqual([5, 6, 7]);
    expect(disk().damage).toMatchObject([
      { cause: 'EIO', pings: 20, stretches: [[expect.any(Number), expect.any(Number)]] },
    ]);
    expect(spool).toMatchObject({ pings: 0, bytes: 0, empty: true });
    expect(disk().kept()).toHaveLength(1);
  });

  test.each(['EMFILE', 'EACCES'])('%s is not the sector’s fault: nothing is given up', async (code) => {
    const spool = await disk().openSpool();
    await big(spool);
    const mend = await breakSectors(inSpool, code);
    for (let i = 0; i < 3; i++) {
      await expect(spool.next(ALL)).rejects.toThrow(code);
      await disk().clock.advance(UNREADABLE_AFTER_MS);
    }
    mend();
    expect(await applyAll(spool)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(disk().damage).toEqual([]);
  });

  test('at a start: it takes pings, and waits for the disk', async () => {
    const first = await disk().openSpool();
    await big(first);
    const mend = await breakSectors((path, page) => inSpool(path) && page === 3);
    const spool = await disk().nextProcess();
    expect(disk().damage).toEqual([]);
    expect(spool.empty).toBe(false);
    // Nothing was received before the process began that wrote it.
    const { birthtimeMs } = statSync((await disk().file()).path);
    expect(spool.oldest()).toBe(Math.floor(birthtimeMs) - 60_000);
    await append(spool, 7);
    await expect(spool.next(ALL)).rejects.toThrow('EIO');
    mend();
    expect(await applyAll(spool)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(spool).toMatchObject({ pings: 0, bytes: 0, empty: true });
    expect([disk().damage, disk().kept()]).toEqual([[], []]);
  });

  test.each<[string, number, number | null, number]>([
    ['when the file was made is not known', 0, null, 0],
    ['another time is given for it', 9e12, null, 0],
    ['a copy, of what was received before', 5e12, 4e12, 4e12],
    ['it was made before', 3e12, 4e12, 3e12 - 60_000],
  ])('at a start, how old its pings may be: %s', async (_what, birthtimeMs, receivingSince, oldest) => {
    await big(await disk().openSpool());
    const { size } = statSync((await disk().file()).path);
    disk().kill();
    if (receivingSince) keepReceived(disk().directory, [{ from: receivingSince, until: 6e12 }]);
    await breakSectors(inSpool);
    sayOfFiles(() => ({ size, birthtimeMs, mtimeMs: 6e12 }));
    expect((await disk().openSpool()).oldest()).toBe(oldest);
  });

  test.each(['EIO', 'EUCLEAN'])('at a start, not even how long a file is: %s', async (code) => {
    await big(await disk().openSpool());
    sayOfFiles(() => {
      throw Object.assign(new Error(code), { code });
    });
    const spool = await disk().nextProcess();
    expect([spool.empty, disk().damage]).toEqual([false, []]);
    await append(spool, 7);
    await expect(spool.next(ALL)).rejects.toThrow(code);
    if (code === 'EIO') {
      mendDisk();
      expect(await applyAll(spool)).toEqual([1, 2, 3, 4, 5, 6, 7]);
      expect(disk().damage).toEqual([]);
    } else {
      await disk().clock.advance(UNREADABLE_AFTER_MS);
      expect(await applyAll(spool)).toEqual([7]);
      expect(disk().damage).toMatchObject([{ cause: code }]);
      expect(disk().kept()).toHaveLength(1);
    }
  });

  test('at a start it does not try each sector of a bad disk, nor while that may pass', async () => {
    await big(await disk().openSpool());
    let tries = 0;
    await breakSectors((path) => inSpool(path) && tries++ >= 0);
    const spool = await disk().nextProcess();
    expect(tries).toBe(1);
    await expect(spool.next(ALL)).rejects.toThrow('EIO');
    expect(tries).toBe(2);
  });

  test('at a start, for good: what the disk gives is applied', async () => {
    await big(await disk().openSpool());
    await breakSectors((path, page) => inSpool(path) && page === 3);
    const spool = await disk().nextProcess();
    await append(spool, 7);
    await expect(spool.next(ALL)).rejects.toThrow('EIO');
    await disk().clock.advance(UNREADABLE_AFTER_MS);
    expect(await applyAll(spool)).toEqual([1, 2, 5, 6, 7]);
    expect(spool).toMatchObject({ pings: 0, bytes: 0, empty: true });
    expect(disk().damage).toMatchObject([{ cause: 'EIO' }]);
    expect(disk().kept()).toHaveLength(1);
  });

  test('a whole file that the disk does not give, or that somebody deleted', async () => {
    const spool = await disk().openSpool();
    await big(spool);
    rmSync((await disk().file()).path);
    expect(await applyAll(spool)).toEqual([]);
    expect(disk().damage).toMatchObject([{ cause: 'ENOENT', pings: 60, keptAs: null }]);
    await append(spool, 7);
    await breakSectors(inSpool);
    await expect(spool.next(ALL)).rejects.toThrow('EIO');
    await disk().clock.advance(UNREADABLE_AFTER_MS);
    expect(await applyAll(spool)).toEqual([]);
    expect(disk().damage[1]).toMatchObject({ cause: 'EIO', pings: 10 });
    expect(spool).toMatchObject({ pings: 0, bytes: 0, empty: true });
  });
});

describe('a write that fails', () => {
  test.each<[string, () => Promise<void>]>([
    ['its sync', () => failNext('write', 'EIO')],
    ['no room', () => failNext('write', 'ENOSPC')],
    [
      'its sync, and the sync of taking it back',
      async () => {
        await failNext('write', 'EIO');
        await failNext('datasync', 'EIO');
      },
    ],
    [
      'its sync, and taking it back',
      async () => {
        await failNext('write', 'EIO');
        await failNext('truncate', 'EIO');
      },
    ],
  ])('%s: who is told so may send it again, it counts once', async (_what, fail) => {
    const spool = await disk().openSpool();
    await append(spool, 1);
    await fail();
    await expect(append(spool, 2)).rejects.toThrow();
    expect(spool).toMatchObject({ pings: 10, trouble: expect.stringMatching(/^cannot be written: (EIO|ENOSPC)/) });
    await append(spool, 3);
    expect(spool.trouble).toBeNull();
    const next = await disk().nextProcess();
    expect(await applyAll(next)).toEqual([1, 3]);
    expect(await applyAll(spool)).toEqual([1, 3]);
    expect(disk().damage).toEqual([]);
  });

  test('the first of a file: the file is not there, for the next process neither', async () => {
    const spool = await disk().openSpool();
    await failNext('write', null, 'EIO');
    await expect(append(spool, 1)).rejects.toThrow('EIO');
    expect(await listSegments(disk().directory, SPOOL_PREFIX)).toEqual([]);
    expect(spool).toMatchObject({ pings: 0, bytes: 0, empty: true });
  });
});
