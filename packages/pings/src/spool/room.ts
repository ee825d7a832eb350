/*
 * The room behind a segment's content: zeros. A write within a file goes to the disk alone, while one that makes the file
 * longer waits until the file system has written down its new length too, with what other processes have changed meanwhile.
 */
import { type FileHandle, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MAGIC, type Seed } from './frames.ts';
import { createDurable, syncDirectory, writeAt } from './segment-file.ts';
import type { Stretch } from './stretch.ts';

/** A new segment begins when this one is as long; there is no room behind that. */
export const SEGMENT_BYTES = 8 << 20;
/** The unit in which file systems give room. */
const BLOCK_BYTES = 4096;
/** So much is made ahead at a time, at most. */
const MAX_ROOM_BYTES = 128 << 10;

export interface GrowingFile {
  /** Of {@link createDurable}. */
  readonly handle: FileHandle;
  /** Where its room ends, and the file. */
  reach: number;
  /** The disk had none to give. */
  isFull: boolean;
}

/** A new segment, which is there for good when this resolves. @throws the disk's error; then there is none */
export async function createSegment(path: string, limit: number): Promise<GrowingFile> {
  const file = { handle: await createDurable(path), reach: 0, isFull: false };
  try {
    await appendAt(file, MAGIC, 0, limit);
    await syncDirectory(dirname(path));
  } catch (error) {
    await file.handle.close().catch(() => {});
    await unlink(path).catch(() => {});
    throw error;
  }
  return file;
}

/**
 * Appends `bytes`, whose first is to be at `position`, where the content ends. Where there is no room for them, they take
 * some along.
 * @param limit no room is made behind it
 * @throws the disk's error. That it is full is one only when there is no room for `bytes` themselves
 */
export async function appendAt(file: GrowingFile, bytes: Buffer, position: number, limit: number): Promise<void> {
  const end = position + bytes.length;
  const reach = roomBehind(end, limit);
  if (end > file.reach && reach > end && !file.isFull) {
    const padded = Buffer.alloc(reach - position);
    bytes.copy(padded);
    try {
      await writeAt(file.handle, padded, position);
      file.reach = reach;
      return;
    } catch (error) {
      if (!meansFull(error)) throw error;
      file.isFull = true;
    }
  }
  await writeAt(file.handle, bytes, position);
  file.reach = Math.max(file.reach, end);
}

/** Where the room ends that is made for content which ends at `end`: as much again, so that small files stay small. */
function roomBehind(end: number, limit: number): number {
  const wanted = Math.ceil((end + Math.min(end, MAX_ROOM_BYTES)) / BLOCK_BYTES) * BLOCK_BYTES;
  return Math.max(end, Math.min(wanted, limit));
}

/** Whether the disk has no more to give, or not to us. */
function meansFull(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
}

/**
 * Without the zeros at the end that may be room: how far the content goes only the process knows that writes it. What was
 * lost there, and left zeros, cannot be told from room; what is longer than room may be is not taken for it.
 * @param found the stretches of `bytes`, which begin at `start` of the file and go up to its end
 * @param seed null: a file in the former format, which has none
 */
export function withoutRoom(
  found: readonly Stretch[],
  bytes: Buffer,
  start: number,
  seed: Seed | null,
  limit = SEGMENT_BYTES,
): readonly Stretch[] {
  const last = found.at(-1);
  if (!last || last.payload !== null || seed === null) return found;
  // Not even its head is left.
  if (start === 0 && found.length === 1 && !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return found;
  let to = last.to;
  while (to > last.from && bytes[to - 1 - start] === 0) to--;
  if (last.to > roomBehind(to, limit)) return found;
  const before = found.slice(0, -1);
  return to === last.from ? before : [...before, { ...last, to }];
}
