import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Instant } from '@overdue/clock';
import { decodeHead } from './codec.ts';
import { HEADER_BYTES, MAGIC, readFrames } from './frames.ts';
import { listSegments } from './segment-log.ts';
import { isAfter, readApplied, SPOOL_PREFIX } from './spool.ts';

export interface SpoolStatus {
  /** Pings that were answered 200 and are not applied yet. */
  readonly pings: number;
  /** Bytes that they take. */
  readonly bytes: number;
  /** When the oldest of them was received, or a little before; null: there is none. */
  readonly oldest: Instant | null;
  /** Bytes that cannot be read (damaged by a power cut, or being written right now). */
  readonly unreadableBytes: number;
}

/**
 * What a spool directory holds, read beside a running ingester. Up to a fraction of a second behind it.
 * @throws the disk's error; a directory that does not exist is an empty spool
 */
export async function spoolStatus(directory: string): Promise<SpoolStatus> {
  const applied = await readApplied(directory);
  let pings = 0;
  let size = 0;
  let unreadableBytes = 0;
  let oldest: Instant | null = null;
  for (const { number, name } of await listSegments(directory, SPOOL_PREFIX)) {
    if (applied && number < applied.segment) continue;
    const bytes = await readFile(join(directory, name)).catch((error: { code?: string }) => {
      // Applied and deleted in the meantime.
      if (error.code === 'ENOENT') return Buffer.alloc(0);
      throw error;
    });
    const { payloads, goodUntil } = readFrames(bytes);
    unreadableBytes += bytes.length - goodUntil;
    let offset = MAGIC.length;
    for (const payload of payloads) {
      offset += HEADER_BYTES + payload.length;
      if (applied && !isAfter({ segment: number, offset }, applied)) continue;
      const head = decodeHead(payload);
      pings += head.count;
      size += HEADER_BYTES + payload.length;
      oldest = oldest === null ? head.oldest : Math.min(oldest, head.oldest);
    }
  }
  return { pings, bytes: size, oldest, unreadableBytes };
}
