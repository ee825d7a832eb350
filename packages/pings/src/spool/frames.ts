import { crc32 } from 'node:zlib';
import { formerFrameLength, formerStretches } from './former-frames.ts';
import type { Stretch } from './stretch.ts';

/*
 * A segment file: MAGIC, then frames. A frame's header is three u32 (LE): the payload's length, a check of the header, and
 * the payload's CRC-32, which begins with that check.
 *
 * The check covers the segment's seed (random; it is in the file's name) and the frame's offset. So bytes that somebody
 * else wrote are never taken for a frame, wherever reading begins: not a ping's body that is made to look like one, and not
 * what an older file left in the disk's blocks. That is what allows to look for the next good frame behind a damaged part.
 */
export const MAGIC = Buffer.from('OVSPOOL2', 'latin1');
export const HEADER_BYTES = 12;
/** No payload is longer: a length above it is damage. */
const MAX_PAYLOAD_BYTES = 512 << 20;

/** 64 random bits that no client knows. */
export type Seed = readonly [number, number];

/** @param hex 16 digits */
export function seedOf(hex: string): Seed {
  return [Number.parseInt(hex.slice(0, 8), 16), Number.parseInt(hex.slice(8), 16)];
}

/** Writes frames one after the other, from `offset` of the file on. */
export function frames(payloads: readonly Buffer[], seed: Seed, offset: number): Buffer {
  const parts: Buffer[] = [];
  let at = offset;
  for (const payload of payloads) {
    const check = checkOf(seed, at, payload.length);
    const header = Buffer.allocUnsafe(HEADER_BYTES);
    header.writeUInt32LE(payload.length, 0);
    header.writeUInt32LE(check, 4);
    header.writeUInt32LE(crc32(payload, check), 8);
    parts.push(header, payload);
    at += HEADER_BYTES + payload.length;
  }
  return Buffer.concat(parts);
}

/**
 * The length of the frame at `offset` of the file, header included; null when no header is there. `at`: in `bytes`.
 * @param seed null: a file in the former format
 */
export function frameLength(bytes: Buffer, at: number, seed: Seed | null, offset: number): number | null {
  if (seed === null) return formerFrameLength(bytes, at);
  if (at + HEADER_BYTES > bytes.length) return null;
  const length = bytes.readUInt32LE(at);
  if (length === 0 || length > MAX_PAYLOAD_BYTES) return null;
  return bytes.readUInt32LE(at + 4) === checkOf(seed, offset, length) ? HEADER_BYTES + length : null;
}

/**
 * What `bytes` are, which begin at `start` of the file, where a frame begins: without gaps, in order.
 * @param seed null: a file in the former format
 */
export function* stretches(bytes: Buffer, seed: Seed | null, start: number): Generator<Stretch> {
  if (seed === null) {
    yield* formerStretches(bytes, start);
    return;
  }
  const end = start + bytes.length;
  let from = start;
  let offset = start;
  while (offset < end) {
    const at = offset - start;
    const length = frameLength(bytes, at, seed, offset);
    if (length === null) {
      offset++;
      continue;
    }
    const payload = at + length <= bytes.length ? bytes.subarray(at + HEADER_BYTES, at + length) : null;
    if (payload && crc32(payload, bytes.readUInt32LE(at + 4)) === bytes.readUInt32LE(at + 8)) {
      if (from < offset) yield { from, to: offset, payload: null };
      yield { from: offset, to: offset + length, payload };
      from = offset + length;
    }
    offset += length;
  }
  if (from < end) yield { from, to: end, payload: null };
}

/** Of a header. Cheap, because where something is damaged every byte may be the beginning of one. */
function checkOf([a, b]: Seed, offset: number, length: number): number {
  return scramble(scramble(scramble(a ^ offset) ^ length) ^ b);
}

/** Every bit of the result depends on every bit of the value (the last step of MurmurHash3). */
function scramble(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
