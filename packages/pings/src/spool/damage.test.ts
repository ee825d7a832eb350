/** A disk that loses, changes or does not give what was written: the rest is applied in order, what is lost is told. */
import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open as openFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, VirtualClock } from '@overdue/clock';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Ping } from '../ping.ts';
import { uuid7 } from '../uuid7.ts';
import { openSpoolDirectory, type SpoolDirectory } from './directory.ts';
import { frames, MAGIC, type Seed, stretches } from './frames.ts';
import type { Damage } from './segment.ts';
import { listSegments } from './segment-file.ts';
import { UNREADABLE_AFTER_MS } from './segment-log.ts';
import { SPOOL_PREFIX, type Spool } from './spool.ts';
import { spoolStatus } from './status.ts';

const LANE = '01234567-89ab-4def-8123-456789abcdef';
const ALL = 1 << 24;

let root: string;
let directory: string;
let clock: VirtualClock;
let damage: Damage[];
const opened: SpoolDirectory[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'overdue-damage-'));
  directory = join(root, 'spool');
  clock = new VirtualClock(systemClock.now());
  damage = [];
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const one of opened.splice(0)) await one.close();
  rmSync(root, { recursive: true, force: true });
});

async function openSpool(): Promise<Spool> {
  const one = await openSpoolDirectory({ directory, maxBytes: ALL, clock, onDamage: (d) => damage.push(d) });
  opened.push(one);
  return one.spool;
}

/** The next process, on what `kill -9` leaves now. */
function nextProcess(): Promise<Spool> {
  const copy = mkdtempSync(join(root, 'killed-'));
  for (const name of readdirSync(directory)) if (name !== 'lock') copyFileSync(join(directory, name), join(copy, name));
  directory = copy;
  return openSpool();
}

function ping(at: number, body: Buffer | null = null): Ping {
  return {
    ...{ id: uuid7(at), at, checkId: 7, unresolved: null, kind: 'success', exitStatus: null, rid: null },
    ...{ scheme: 'http', method: 'GET', remoteAddr: null, ua: '', body, skipped: 9, late: 'spooled' },
  };
}

const append = (spool: Spool, batch: number, body?: Buffer) =>
  spool.append({ lane: LANE, batch }, [ping(1000 + batch, body ?? Buffer.alloc(100, batch))]);
const fileOf = async () => (await listSegments(directory, SPOOL_PREFIX))[0]!;
const kept = () => readdirSync(directory).filter((name) => name.endsWith('.damaged'));

/** Six batches of ten pings; how long each is in the file, all being alike. */
async function six(spool: Spool): Promise<number> {
  for (let batch = 1; batch <= 6; batch++) await append(spool, batch);
  return (readFileSync((await fileOf()).path).length - MAGIC.length) / 6;
}

/** Applies what there is, as the replay does. */
async function applyAll(spool: Spool): Promise<number[]> {
  const batches: number[] = [];
  for (let left = await spool.next(150); left.length > 0; left = await spool.next(150)) {
    batches.push(...left.map(({ content }) => content.batch));
    await spool.applied(left);
  }
  return batches;
}

type Change = (bytes: Buffer, start: (batch: number) => number) => Buffer | undefined;
const flip =
  (batch: number, at: number): Change =>
  (bytes, start) => {
    bytes[start(batch) + at]! ^= 0x10;
    return bytes;
  };
const zeros =
  (from: number, to: number): Change =>
  (bytes, start) =>
    bytes.fill(0, start(from), start(to));

const DAMAGES: [string, Change, number[], stretches: number][] = [
  ['a bit of a payload', flip(3, 50), [1, 2, 4, 5, 6], 1],
  ['a bit of a length', flip(3, 1), [1, 2, 4, 5, 6], 1],
  ['a bit of the check of a length', flip(3, 5), [1, 2, 4, 5, 6], 1],
  ['a bit of a checksum', flip(3, 9), [1, 2, 4, 5, 6], 1],
  ['two places', (...a) => flip(5, 40)(flip(2, 2)(...a)!, a[1]), [1, 3, 4, 6], 2],
  ['two neighbours', (...a) => flip(4, 40)(flip(3, 2)(...a)!, a[1]), [1, 2, 5, 6], 1],
  ['the first', flip(1, 30), [2, 3, 4, 5, 6], 1],
  ['the last', flip(6, 30), [1, 2, 3, 4, 5], 1],
  ['the head of the file', (bytes) => bytes.fill(0, 0, MAGIC.length), [1, 2, 3, 4, 5, 6], 0],
  ['the head of the file, and the first', (bytes) => bytes.fill(0, 0, 60), [2, 3, 4, 5, 6], 1],
  ['the version of the file', (bytes) => bytes.fill(0x33, MAGIC.length - 1, MAGIC.length), [1, 2, 3, 4, 5, 6], 0],
  ['a sector of zeros', (bytes, start) => bytes.fill(0, start(3) + 20, start(5) + 20), [1, 2, 6], 1],
  ['a tail of zeros', zeros(5, 7), [1, 2, 3, 4], 1],
  ['cut off in a frame', (bytes, start) => bytes.subarray(0, start(5) + 20), [1, 2, 3, 4], 1],
  ['an older block at its place', (bytes, start) => bytes.copyWithin(start(4), start(2), start(3)), [1, 2, 3, 5, 6], 1],
  ['empty', () => Buffer.alloc(0), [], 1],
  ['all zeros', (bytes) => bytes.fill(0), [], 1],
];

describe.each(DAMAGES)('a file that has changed: %s', (_what, change, left, stretches) => {
  const lost = 60 - 10 * left.length;
  const damageIt = async (length: number) => {
    const { path } = await fileOf();
    writeFileSync(path, change(readFileSync(path), (batch) => MAGIC.length + (batch - 1) * length)!);
  };

  test('while it is in use', async () => {
    const spool = await openSpool();
    await damageIt(await six(spool));
    const { path } = await fileOf();
    // What comes later is not lost with it.
    const more = append(spool, 7);
    const applied = await applyAll(spool);
    await more;
    expect([...applied, ...(await applyAll(spool))]).toEqual([...left, 7]);
    expect(spool).toMatchObject({ pings: 0, bytes: 0, empty: true });
    expect(damage).toHaveLength(Math.min(stretches, 1));
    if (stretches > 0) {
      expect(damage[0]).toMatchObject({ file: path, cause: 'damaged', keptAs: `${path}.damaged`, pings: lost });
      expect(damage[0]!.stretches).toHaveLength(stretches);
    }
    expect((await listSegments(directory, SPOOL_PREFIX)).length).toBe(0);
    expect((await spoolStatus(directory)).damagedFiles).toEqual(kept().map((name) => join(directory, name)));
    expect(kept()).toHaveLength(Math.min(stretches, 1));
  });

  test('found by the next process', async () => {
    await damageIt(await six(await openSpool()));
    const isEmpty = readFileSync((await fileOf()).path).length === 0;
    const found = await spoolStatus(directory);
    expect(found.pings).toBe(60 - lost);
    const spool = await nextProcess();
    expect(damage.flatMap((one) => one.stretches)).toHaveLength(isEmpty ? 0 : stretches);
    expect(damage.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(found.unreadableBytes);
    expect(spool.pings).toBe(60 - lost);
    await append(spool, 7);
    expect(await applyAll(spool)).toEqual([...left, 7]);
    expect(spool).toMatchObject({ pings: 0, bytes: 0, empty: true });
    expect(kept()).toHaveLength(isEmpty ? 0 : Math.min(stretches, 1));
    // Told once more by nobody.
    damage = [];
    expect(await applyAll(await nextProcess())).toEqual([]);
    expect(damage).toEqual([]);
  });
});

test('damage that was applied around is not told again while the rest of its file waits', async () => {
  const spool = await openSpool();
  const length = await six(spool);
  const { path } = await fileOf();
  writeFileSync(path, flip(3, 50)(readFileSync(path), (batch) => MAGIC.length + (batch - 1) * length)!);
  for (let i = 0; i < 3; i++) expect((await spool.next(ALL)).map((r) => r.content.batch)).toEqual([1, 2, 4, 5, 6]);
  await spool.applied((await spool.next(ALL)).slice(0, 2));
  for (let i = 0; i < 3; i++) expect((await spool.next(ALL)).map((r) => r.content.batch)).toEqual([4, 5, 6]);
  expect(damage).toHaveLength(1);
});

test('what a client sends is never taken for a batch, however much it looks like one', async () => {
  const spool = await openSpool();
  await append(spool, 1);
  const { path, seed } = await fileOf();
  const at = readFileSync(path).length;
  const inner = readFileSync(path).subarray(MAGIC.length);
  // A copy of a real frame; and one that somebody made who knows everything but the seed.
  const forged = Buffer.concat([inner, frames([inner.subarray(12)], [1, 2], at + 100), inner]);
  await append(spool, 2, forged);
  await append(spool, 3);
  const bytes = readFileSync(path);
  bytes[at]! ^= 1;
  writeFileSync(path, bytes);
  expect(await applyAll(spool)).toEqual([1, 3]);
  expect(seed).not.toEqual([1, 2]);
});

test('any bytes changed anywhere: what is whole comes back in order, and nothing else', () => {
  const seed: Seed = [0xdeadbeef, 0x12345678];
  const payload = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes));
  const change = fc.record({
    at: fc.nat(),
    length: fc.integer({ min: 1, max: 30 }),
    by: fc.integer({ min: 0, max: 255 }),
  });
  fc.assert(
    fc.property(fc.array(payload, { maxLength: 12 }), fc.array(change, { maxLength: 4 }), (payloads, changes) => {
      const good = frames(payloads, seed, 8);
      const bad = Buffer.from(good);
      for (const { at, length, by } of changes) {
        const from = bad.length === 0 ? 0 : at % bad.length;
        bad.fill(by, from, Math.min(from + length, bad.length));
      }
      const expected: Buffer[] = [];
      let at = 0;
      for (const one of payloads) {
        const end = at + 12 + one.length;
        if (good.subarray(at, end).equals(bad.subarray(at, end))) expected.push(one);
        at = end;
      }
      const found = [...stretches(bad, seed, 8)];
      expect(found.flatMap((one) => (one.payload ? [one.payload] : []))).toEqual(expected);
      // Without gaps.
      expect([8, ...found.map((one) => one.to)]).toEqual([...found.map((one) => one.from), 8 + bad.length]);
    }),
  );
});

/** What all file handles have in common. */
async function fileHandles(): Promise<FileHandle> {
  const some = await openFile('/dev/null');
  await some.close();
  return Object.getPrototypeOf(some) as FileHandle;
}

describe('bad sectors', () => {
  /** As the kernel has it: a read up to the bad page is short, one that begins there fails. */
  async function breakSectors(isBad: (path: string, page: number) => boolean, code = 'EIO'): Promise<() => void> {
    const prototype = await fileHandles();
    const read = prototype.read as (...args: unknown[]) => Promise<unknown>;
    const broken = vi.spyOn(prototype, 'read');
    broken.mockImplementation(async function (this: FileHandle, ...args: unknown[]) {
      const [bytes, at, length, position] = args as [Buffer, number, number, number];
      const path = readlinkSync(`/proc/self/fd/${this.fd}`);
      let until = position;
      while (until < position + length && !isBad(path, Math.floor(until / 4096))) until += 4096 - (until % 4096);
      if (until === position) throw Object.assign(new Error(`${code}: i/o error, read`), { code });
      return read.call(this, bytes, at, Math.min(length, until - position), position);
    } as never);
    return () => broken.mockRestore();
  }
  const inSpool = (path: string) => path.includes('spool-0');

  async function big(spool: Spool): Promise<void> {
    for (let batch = 1; batch <= 6; batch++) await append(spool, batch, Buffer.alloc(5000, batch));
  }

  test('what comes before one is applied at once; after half a minute, what comes after it', async () => {
    const spool = await openSpool();
    await big(spool);
    await breakSectors((path, page) => inSpool(path) && page === 3);
    expect(await spool.next(ALL).then((r) => r.map(({ content }) => content.batch))).toEqual([1, 2]);
    await spool.applied(await spool.next(ALL));
    await expect(spool.next(ALL)).rejects.toThrow('EIO');
    await clock.advance(UNREADABLE_AFTER_MS - 1);
    await expect(spool.next(ALL)).rejects.toThrow('EIO');
    expect(damage).toEqual([]);
    expect(spool.pings).toBe(40);
    await append(spool, 7);
    await clock.advance(1);
    expect(await applyAll(spool)).toEqual([5, 6, 7]);
    expect(damage).toMatchObject([{ cause: 'EIO', pings: 20, stretches: [[expect.any(Number), expect.any(Number)]] }]);
    expect(spool).toMatchObject({ pings: 0, bytes: 0, empty: true });
    expect(kept()).toHaveLength(1);
  });

  test.each(['EMFILE', 'EACCES'])('%s is not the sector’s fault: nothing is given up', async (code) => {
    const spool = await openSpool();
    await big(spool);
    const mend = await breakSectors(inSpool, code);
    for (let i = 0; i < 3; i++) {
      await expect(spool.next(ALL)).rejects.toThrow(code);
      await clock.advance(UNREADABLE_AFTER_MS);
    }
    mend();
    expect(await applyAll(spool)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(damage).toEqual([]);
  });

  test('at a start: it takes pings, and waits for the disk', async () => {
    const first = await openSpool();
    await big(first);
    const mend = await breakSectors((path, page) => inSpool(path) && page === 3);
    const spool = await nextProcess();
    expect(damage).toEqual([]);
    expect(spool.empty).toBe(false);
    expect(spool.oldest()).toBeLessThanOrEqual(systemClock.now());
    await append(spool, 7);
    await expect(spool.next(ALL)).rejects.toThrow('EIO');
    mend();
    expect(await applyAll(spool)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(spool).toMatchObject({ pings: 0, bytes: 0, empty: true });
    expect([damage, kept()]).toEqual([[], []]);
  });

  test('at a start, for good: what the disk gives is applied', async () => {
    await big(await openSpool());
    await breakSectors((path, page) => inSpool(path) && page === 3);
    const spool = await nextProcess();
    await append(spool, 7);
    await expect(spool.next(ALL)).rejects.toThrow('EIO');
    await clock.advance(UNREADABLE_AFTER_MS);
    expect(await applyAll(spool)).toEqual([1, 2, 5, 6, 7]);
    expect(spool).toMatchObject({ pings: 0, bytes: 0, empty: true });
    expect(damage).toMatchObject([{ cause: 'EIO' }]);
    expect(kept()).toHaveLength(1);
  });

  test('a whole file that the disk does not give, or that somebody deleted', async () => {
    const spool = await openSpool();
    await big(spool);
    rmSync((await fileOf()).path);
    expect(await applyAll(spool)).toEqual([]);
    expect(damage).toMatchObject([{ cause: 'ENOENT', pings: 60, keptAs: null }]);
    await append(spool, 7);
    await breakSectors(inSpool);
    await expect(spool.next(ALL)).rejects.toThrow('EIO');
    await clock.advance(UNREADABLE_AFTER_MS);
    expect(await applyAll(spool)).toEqual([]);
    expect(damage[1]).toMatchObject({ cause: 'EIO', pings: 10 });
    expect(spool).toMatchObject({ pings: 0, bytes: 0, empty: true });
  });
});

describe('a write that fails', () => {
  /** The next calls of a file handle's method fail, one for each code; null: that one works. */
  async function failNext(method: 'write' | 'datasync' | 'truncate', ...codes: (string | null)[]): Promise<void> {
    const prototype = await fileHandles();
    const real = prototype[method] as (...args: unknown[]) => Promise<unknown>;
    const spy = vi.spyOn(prototype, method);
    spy.mockImplementation(async function (this: FileHandle, ...args: unknown[]) {
      const code = codes.shift();
      if (!code) return real.apply(this, args);
      // All of it, or some, is on the disk all the same.
      if (method === 'write') await real.apply(this, code === 'ENOSPC' ? [args[0], args[1], 50, args[3]] : args);
      throw Object.assign(new Error(`${code}: ${method}`), { code });
    } as never);
  }

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
    const spool = await openSpool();
    await append(spool, 1);
    await fail();
    await expect(append(spool, 2)).rejects.toThrow();
    expect(spool.pings).toBe(10);
    await append(spool, 3);
    const next = await nextProcess();
    expect(await applyAll(next)).toEqual([1, 3]);
    expect(await applyAll(spool)).toEqual([1, 3]);
    expect(damage).toEqual([]);
  });

  test('the first of a file: the file is not there, for the next process neither', async () => {
    const spool = await openSpool();
    await failNext('write', null, 'EIO');
    await expect(append(spool, 1)).rejects.toThrow('EIO');
    expect(await listSegments(directory, SPOOL_PREFIX)).toEqual([]);
    expect(spool).toMatchObject({ pings: 0, bytes: 0, empty: true });
  });
});

describe('a file of another release', () => {
  test.each<[string, (path: string) => void]>([
    ['newer', (path) => writeFileSync(path, 'OVSPOOL3 and what nobody knows yet')],
    ['older', (path) => writeFileSync(path.replace(/-[0-9a-f]{16}\./, '.'), 'OVSPOOL1 and so on')],
  ])('%s: told, left for it, and pings are taken', async (_what, write) => {
    write((await beside()).path);
    const names = readdirSync(directory).filter((name) => name.endsWith('.seg'));
    const spool = await openSpool();
    expect(damage).toMatchObject([{ cause: 'another release', keptAs: join(directory, names[0]!) }]);
    await append(spool, 1);
    expect(await applyAll(spool)).toEqual([1]);
    await opened.pop()!.close();
    const again = await nextProcess();
    expect(await applyAll(again)).toEqual([]);
    expect(readdirSync(directory)).toContain(names[0]);
    // That release still takes it for something to apply.
    expect(readdirSync(directory)).not.toContain('applied.json');
  });

  test('a batch of another release in a file of this one is as good as damaged', async () => {
    const spool = await openSpool();
    await append(spool, 1);
    const { path, seed } = await fileOf();
    appendFileSync(path, frames([Buffer.from([77, 1, 2, 3])], seed!, readFileSync(path).length));
    const next = await nextProcess();
    expect(damage).toHaveLength(1);
    expect(await applyAll(next)).toEqual([1]);
  });

  /** Where a segment would be. */
  async function beside() {
    const spool = await openSpool();
    await append(spool, 1);
    const file = await fileOf();
    await applyAll(spool);
    await opened.pop()!.close();
    rmSync(join(directory, 'applied.json'));
    return file;
  }
});
