import { crc32 } from 'node:zlib';
import type { Stretch } from './stretch.ts';

/*
 * A former format of segment files (no seed in their names): FORMER_MAGIC, then frames of the payload's length (u32 LE), its
 * CRC-32 (u32 LE), and the payload. Behind the first that is bad nothing can be believed. Only read, so that what waits for
 * the database while the release is changed is applied.
 */
export const FORMER_MAGIC = Buffer.from('OVSPOOL1', 'latin1');
const HEADER_BYTES = 8;

/** As frameLength in frames.ts. */
export function formerFrameLength(bytes: Buffer, at: number): number | null {
  if (at + HEADER_BYTES > bytes.length) return null;
  const length = bytes.readUInt32LE(at);
  return length === 0 ? null : HEADER_BYTES + length;
}

/** As stretches in frames.ts; a bad one is the last. */
export function* formerStretches(bytes: Buffer, start: number): Generator<Stretch> {
  let at = 0;
  for (;;) {
    const length = formerFrameLength(bytes, at);
    if (length === null || at + length > bytes.length) break;
    const payload = bytes.subarray(at + HEADER_BYTES, at + length);
    if (crc32(payload) !== bytes.readUInt32LE(at + 4)) break;
    yield { from: start + at, to: start + at + length, payload };
    at += length;
  }
  if (at < bytes.length) yield { from: start + at, to: start + bytes.length, payload: null };
}
