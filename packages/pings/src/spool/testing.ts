/** For tests: a spool on a disk that loses, changes or does not give what was written. */
import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeSync,
} from 'node:fs';
import fs, { type FileHandle, open as openFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, VirtualClock } from '@overdue/clock';
import { afterEach, beforeEach, vi } from 'vitest';
import { makePing } from '../testing.ts';
import { openSpoolDirectory, type SpoolDirectory } from './directory.ts';
import { frames, MAGIC, stretches } from './frames.ts';
import { withoutRoom } from './room.ts';
import type { Damage } from './segment.ts';
import { listSegments, type SegmentName } from './segment-file.ts';
import { SPOOL_PREFIX, type Spool } from './spool.ts';
import type { SpoolStatus } from './status.ts';

export const LANE = '01234567-89ab-4def-8123-456789abcdef';
export const ALL = 1 << 24;

/** Of a directory with nothing in it. */
export const NOTHING_THERE: SpoolStatus = {
  pings: 0,
  coalesced: 0,
  bytes: 0,
  oldest: null,
  unreadableBytes: 0,
  damagedFiles: [],
  foreignFiles: [],
};

/** One for each test. */
export class BadDisk {
  readonly #root = mkdtempSync(join(tmpdir(), 'overdue-damage-'));
  directory = join(this.#root, 'spool');
  readonly clock = new VirtualClock(systemClock.now());
  /** The disk is real and the clock is not: it may be far ahead. */
  patienceMs = 1e9;
  damage: Damage[] = [];
  readonly opened: SpoolDirectory[] = [];

  async open(): Promise<SpoolDirectory> {
    const { directory, clock, patienceMs } = this;
    const onDamage = (damage: Damage) => void this.damage.push(damage);
    const one = await openSpoolDirectory({ directory, maxBytes: ALL, clock, patienceMs, onDamage });
    this.opened.push(one);
    return one;
  }

  async openSpool(): Promise<Spool> {
    return (await this.open()).spool;
  }

  /** The next process, on what `kill -9` leaves now. */
  nextProcess(): Promise<Spool> {
    this.kill();
    return this.openSpool();
  }

  kill(): void {
    const copy = mkdtempSync(join(this.#root, 'killed-'));
    const names = readdirSync(this.directory).filter((name) => name !== 'lock');
    for (const name of names) copyFileSync(join(this.directory, name), join(copy, name));
    this.directory = copy;
  }

  async file(prefix = SPOOL_PREFIX): Promise<SegmentName> {
    return (await listSegments(this.directory, prefix))[0]!;
  }

  /** Names of the files that are kept. */
  kept(): string[] {
    return readdirSync(this.directory).filter((name) => name.endsWith('.damaged'));
  }

  /** How long the content of a file is, without the room behind it. */
  async contentLength(prefix = SPOOL_PREFIX): Promise<number> {
    const { path, seed } = await this.file(prefix);
    const bytes = readFileSync(path);
    const found = stretches(bytes.subarray(MAGIC.length), seed, MAGIC.length);
    return withoutRoom([...found], bytes, 0, seed).at(-1)?.to ?? MAGIC.length;
  }

  /** Six batches of ten pings; how long each is in the file, all being alike. */
  async six(spool: Spool): Promise<number> {
    for (let batch = 1; batch <= 6; batch++) await append(spool, batch);
    return ((await this.contentLength()) - MAGIC.length) / 6;
  }

  /** Writes one more frame into the file that is there. */
  async addFrame(payload: Buffer): Promise<void> {
    const { path, seed } = await this.file();
    const at = await this.contentLength();
    const file = openSync(path, 'r+');
    writeSync(file, frames([payload], seed!, at), 0, null, at);
    closeSync(file);
  }

  async end(): Promise<void> {
    mendDisk();
    for (const one of this.opened.splice(0)) await one.close();
    rmSync(this.#root, { recursive: true, force: true });
  }
}

/** Call in a test file. @returns what gives the test's own */
export function badDisk(): () => BadDisk {
  let disk: BadDisk;
  beforeEach(() => {
    disk = new BadDisk();
  });
  afterEach(() => disk.end());
  return () => disk;
}

/** Ten pings. */
export function append(spool: Spool, batch: number, body = Buffer.alloc(100, batch)): Promise<void> {
  return spool.append({ lane: LANE, batch }, [makePing(7, 1000 + batch, { body, skipped: 9, late: 'spooled' })]);
}

/** Applies what there is, as the replay does. */
export async function applyAll(spool: Spool): Promise<number[]> {
  const batches: number[] = [];
  for (let left = await spool.next(150); left.length > 0; left = await spool.next(150)) {
    batches.push(...left.map(({ content }) => content.batch));
    await spool.applied(left);
  }
  return batches;
}

/** What all file handles have in common. */
async function fileHandles(): Promise<FileHandle> {
  const some = await openFile('/dev/null');
  await some.close();
  return Object.getPrototypeOf(some) as FileHandle;
}

/** As the kernel has it: a read up to the bad page is short, one that begins there fails. */
export async function breakSectors(isBad: (path: string, page: number) => boolean, code = 'EIO'): Promise<() => void> {
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

/** The next calls of a file handle's method fail, one for each code; null: that one works. */
export async function failNext(method: 'write' | 'datasync' | 'truncate', ...codes: (string | null)[]): Promise<void> {
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

/** Writes wait. @returns how many do, and what lets them go on */
export async function hang(): Promise<{ waiting: () => number; goOn: () => void }> {
  const prototype = await fileHandles();
  const real = prototype.write as (...args: unknown[]) => Promise<unknown>;
  let waiting = 0;
  let goOn = () => {};
  const over = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  vi.spyOn(prototype, 'write').mockImplementation(async function (this: FileHandle, ...args: unknown[]) {
    waiting++;
    await over;
    return real.apply(this, args);
  } as never);
  return { waiting: () => waiting, goOn };
}

export function mendDisk(): void {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
}

/** What `stat` says of the spool's files from now on, or throws. */
export function sayOfFiles(stats: () => { size: number; birthtimeMs: number; mtimeMs: number }): void {
  vi.spyOn(fs, 'stat').mockImplementation((async () => stats()) as never);
  syncBuiltinESMExports();
}

/** Sees each rename before it is done. */
export function onRename(see: (to: string) => void): void {
  const real = fs.rename;
  vi.spyOn(fs, 'rename').mockImplementation(async (from, to) => {
    see(String(to));
    await real(from, to);
  });
  syncBuiltinESMExports();
}

/** @returns how many bytes were read from files since */
export async function countBytesRead(): Promise<() => number> {
  const prototype = await fileHandles();
  const read = prototype.read as (...args: unknown[]) => Promise<{ bytesRead: number }>;
  let sum = 0;
  vi.spyOn(prototype, 'read').mockImplementation(async function (this: FileHandle, ...args: unknown[]) {
    const result = await read.apply(this, args);
    sum += result.bytesRead;
    return result;
  } as never);
  return () => sum;
}
