import { randomBytes } from 'node:crypto';
import { constants, type FileHandle, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock, Instant } from '@overdue/clock';
import { FORMER_MAGIC } from './former-frames.ts';
import { MAGIC, type Seed, seedOf } from './frames.ts';

/** A segment as its name tells it. */
export interface SegmentName {
  readonly number: number;
  readonly path: string;
  /** null: it is in the format of a former release, or of one that is not known. */
  readonly seed: Seed | null;
}

/** `<prefix>-<number>-<seed>.seg` */
export function newSegment(directory: string, prefix: string, number: number): SegmentName & { readonly seed: Seed } {
  const seed = randomBytes(8).toString('hex');
  const name = `${prefix}-${String(number).padStart(10, '0')}-${seed}.seg`;
  return { number, path: join(directory, name), seed: seedOf(seed) };
}

/** Behind the name of a segment that is done with, in which something could not be read. */
export const DAMAGED = '.damaged';

/** The segments of a log in a directory, oldest first; none when there is no such directory. */
export async function listSegments(directory: string, prefix: string): Promise<SegmentName[]> {
  const names = await namesIn(directory);
  return names
    .map((name) => ({ name, match: /^([a-z]+)-(\d{10})(?:-([0-9a-f]{16}))?\.seg$/.exec(name) }))
    .filter(({ match }) => match?.[1] === prefix)
    .map(({ name, match }) => ({
      number: Number(match![2]),
      path: join(directory, name),
      seed: match![3] === undefined ? null : seedOf(match![3]),
    }))
    .sort((a, b) => a.number - b.number);
}

/** Paths of the files that are kept because something in them could not be read. */
export async function listDamaged(directory: string): Promise<string[]> {
  const names = await namesIn(directory);
  return names
    .filter((name) => name.endsWith(`.seg${DAMAGED}`))
    .sort()
    .map((name) => join(directory, name));
}

async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch((error: { code?: string }) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

/** Whether a file begins as a release of an unknown format begins its own. */
export function isOfAnotherRelease(beginning: Buffer, seed: Seed | null): boolean {
  const kind = beginning.subarray(0, MAGIC.length);
  if (seed === null) return kind.length === MAGIC.length && !kind.equals(FORMER_MAGIC);
  return kind.subarray(0, -1).equals(MAGIC.subarray(0, -1)) && !kind.equals(MAGIC);
}

/** What the kernel says when the medium does not give what is on it: a bad sector, a broken file system. */
const MEDIUM = new Set(['EIO', 'ENODATA', 'EUCLEAN', 'EBADMSG', 'EILSEQ', 'EREMOTEIO']);

/** Whether the disk cannot read what it was given (a bad sector); other errors may pass. */
export function isMediumError(error: unknown): boolean {
  return MEDIUM.has((error as { code?: string } | null)?.code ?? '');
}

/** Reads up to `length` bytes; fewer where the file ends, or where the medium gives no more: `error` then says why. */
export async function readUntilError(
  handle: FileHandle,
  offset: number,
  length: number,
): Promise<{ bytes: Buffer; error: unknown }> {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    try {
      const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    } catch (error) {
      return { bytes: bytes.subarray(0, filled), error };
    }
  }
  return { bytes: bytes.subarray(0, filled), error: null };
}

/** What is skipped where the medium fails: first the kernel's unit, and more when that goes on, as each may take long. */
const SKIP_BYTES = [4096, 65_536, 8 << 20];
const FAILURES_EACH = 16;
/** So much at once is a disk that works again. */
const WORKS_AGAIN_BYTES = 65_536;

/** No frame begins with four of these; nor are they room (zeros). */
const NOT_GIVEN = 0xff;

export interface Salvaged {
  /** From `from` to `to`; {@link NOT_GIVEN} where nothing was given. */
  readonly bytes: Buffer;
  /** The first error; null: all was read, or the file is shorter than expected. */
  readonly error: unknown;
}

/**
 * Reads whatever the medium gives of `from` to `to`.
 * @param untilError stops where it first gives nothing: each further attempt may take seconds
 * @throws what may pass: too many open files, no permission
 */
export async function salvage(path: string, from: number, to: number, untilError = false): Promise<Salvaged> {
  const bytes = Buffer.alloc(to - from, NOT_GIVEN);
  let first: unknown = null;
  let failures = 0;
  const failed = (error: unknown) => {
    if (!isMediumError(error)) throw error;
    first ??= error;
    failures++;
  };
  const handle = await open(path, 'r').catch((error) => {
    if ((error as { code?: string }).code === 'ENOENT') first = error;
    else failed(error);
    return null;
  });
  if (!handle) return { bytes, error: first };
  try {
    for (let at = from; at < to; ) {
      const { bytes: some, error } = await readUntilError(handle, at, Math.min(1 << 20, to - at));
      some.copy(bytes, at - from);
      at += some.length;
      if (some.length >= WORKS_AGAIN_BYTES) failures = 0;
      if (error === null && some.length === 0) break;
      if (error === null) continue;
      failed(error);
      if (untilError) break;
      const skip = SKIP_BYTES[Math.min(Math.floor(failures / FAILURES_EACH), SKIP_BYTES.length - 1)]!;
      at = (Math.floor(at / skip) + 1) * skip;
    }
  } finally {
    await handle.close().catch(() => {});
  }
  return { bytes, error: first };
}

export interface Sized {
  readonly size: number;
  /** Nothing was written to it before (epoch milliseconds); 0: not known. */
  readonly since: Instant;
  /** Why the medium does not say, or that the file is gone; null: it says. */
  readonly error: unknown;
}

/** @throws what may pass */
export async function sizeOf(path: string): Promise<Sized> {
  try {
    const { size, birthtimeMs, mtimeMs } = await stat(path);
    // Not every file system knows when a file was made; some then give another time, which is too late.
    const isKnown = birthtimeMs > 0 && birthtimeMs <= mtimeMs;
    return { size, since: isKnown ? Math.floor(birthtimeMs) : 0, error: null };
  } catch (error) {
    if (!isMediumError(error) && (error as { code?: string }).code !== 'ENOENT') throw error;
    return { size: 0, since: 0, error };
  }
}

/** Pings are refused meanwhile. */
export const OPENING_PATIENCE_MS = 5000;
const OPENING_RETRY_MS = 250;

/**
 * As much of a file as is needed to know what is in it behind `from`.
 * @param insists asks again for {@link OPENING_PATIENCE_MS} for what the medium does not give, then takes what it gives
 * @throws what may pass
 */
export async function readAtOpening(
  clock: Clock,
  path: string,
  from: number,
  insists: boolean,
): Promise<Sized & Salvaged> {
  const deadline = clock.monotonic() + OPENING_PATIENCE_MS;
  for (;;) {
    const isLast = insists && clock.monotonic() >= deadline;
    const sized = await sizeOf(path);
    const length = from < sized.size ? sized.size : Math.min(MAGIC.length, sized.size);
    const read = await salvage(path, 0, length, !isLast);
    const found = { ...sized, bytes: read.bytes, error: sized.error ?? read.error };
    if (!insists || isLast || !isMediumError(found.error)) return found;
    await clock.sleep(OPENING_RETRY_MS);
  }
}

/** Makes a new file's name, or that it is gone, as durable as its content. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** null: there is no such file any more. */
export async function openExisting(path: string, flags: 'r' | 'r+'): Promise<FileHandle | null> {
  return open(path, flags).catch((error) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}

/** A new file, each write to which is on the disk when it resolves: one turn through the thread pool and not two. */
export async function createDurable(path: string): Promise<FileHandle> {
  const { O_RDWR, O_CREAT, O_EXCL, O_DSYNC } = constants;
  return open(path, O_RDWR | O_CREAT | O_EXCL | O_DSYNC, 0o600);
}

/** @param handle of {@link createDurable} */
export async function writeAt(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    if (bytesWritten === 0) throw new Error('The disk took nothing');
    written += bytesWritten;
  }
}

/** Makes a file end at `length` (nothing but MAGIC: not be there), on the disk too. @returns true @throws the disk's error */
export async function cutOff(path: string, length: number): Promise<boolean> {
  if (length <= MAGIC.length) {
    await rm(path, { force: true });
    await syncDirectory(dirname(path));
    return true;
  }
  const handle = await openExisting(path, 'r+');
  if (!handle) return true;
  try {
    await handle.truncate(length);
    await handle.datasync();
    return true;
  } finally {
    await handle.close().catch(() => {});
  }
}

/** Replaces a small file in one step; a reader sees the old or the new content. Not synced. */
export async function replaceFile(path: string, content: string): Promise<void> {
  await writeFile(`${path}.new`, content);
  await rename(`${path}.new`, path);
}
