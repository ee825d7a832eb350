import { randomFillSync } from 'node:crypto';
import type { Instant } from '@overdue/clock';

const HEX = Buffer.from('0123456789abcdef', 'latin1');
const POOL = Buffer.alloc(4096);
let used = POOL.length;
/** The text under construction: one native call makes it a string, where adding up pieces would leave twenty behind. */
const TEXT = Buffer.from('00000000-0000-7000-8000-000000000000', 'latin1');
let textAt = 0;

/**
 * A UUIDv7 (RFC 9562) for a ping received at `at`: 48 bits of milliseconds, 74 random ones. Faster than the library's,
 * by drawing randomness in blocks and keeping the part of the current millisecond: every ping makes one.
 */
export function uuid7(at: Instant): string {
  if (used + 10 > POOL.length) {
    randomFillSync(POOL);
    used = 0;
  }
  if (at !== textAt) {
    textAt = at;
    const time = at.toString(16).padStart(12, '0');
    TEXT.write(time.slice(0, 8), 0, 'latin1');
    TEXT.write(time.slice(8), 9, 'latin1');
  }
  let r = used;
  used += 10;
  TEXT[15] = HEX[POOL[r++]! & 15]!;
  hex(16, POOL[r++]!);
  const variant = POOL[r++]!;
  TEXT[19] = HEX[8 | (variant & 3)]!;
  TEXT[20] = HEX[variant >>> 4]!;
  hex(21, POOL[r++]!);
  for (let i = 24; i < 36; i += 2) hex(i, POOL[r++]!);
  return TEXT.toString('latin1');
}

function hex(at: number, byte: number): void {
  TEXT[at] = HEX[byte >>> 4]!;
  TEXT[at + 1] = HEX[byte & 15]!;
}
