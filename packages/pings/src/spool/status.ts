import type { Instant } from '@overdue/clock';
import type { BatchNumber } from '../lanes.ts';
import { decodeHead } from './codec.ts';
import { HEADER_BYTES, MAGIC, stretches } from './frames.ts';
import { JOURNAL_PREFIX } from './journal.ts';
import { type CoalescedPings, readJournal } from './journal-records.ts';
import { isLocked } from './lock.ts';
import { withoutRoom } from './room.ts';
import { isOfAnotherRelease, listDamaged, listSegments, salvage, sizeOf } from './segment-file.ts';
import type { LogPosition } from './segment-log.ts';
import { isAfter, readApplied, SPOOL_PREFIX } from './spool.ts';

export interface SpoolStatus {
  /** Pings that were answered 200 and are not known to be in the database. */
  readonly pings: number;
  /** Those of them that wait in the throttle: while an ingester runs, for seconds. */
  readonly coalesced: number;
  /** Bytes that they take. */
  readonly bytes: number;
  /** When the oldest of them was received, or a little before; null: there is none. */
  readonly oldest: Instant | null;
  /** Bytes that cannot be read (damaged by a power cut, or being written right now). */
  readonly unreadableBytes: number;
  /** Files that are kept for somebody to look at: a part of them could not be read. */
  readonly damagedFiles: readonly string[];
  /** Files in a format that this release does not know; that one applies them. */
  readonly foreignFiles: readonly string[];
}

/**
 * What a spool directory holds, read beside a running ingester. Up to a fraction of a second behind it.
 * @throws the disk's error; a directory that does not exist is an empty spool
 */
export async function spoolStatus(directory: string): Promise<SpoolStatus> {
  // In this order: what goes from the journal into the spool meanwhile is seen twice, and known by its number.
  const entries: Buffer[] = [];
  const journal = await readSegments(directory, JOURNAL_PREFIX, 0, (payload) => entries.push(payload));
  const { numbers, ...spooled } = await spooledPings(directory);
  const coalesced = coalescedPings(entries, numbers, isLocked(directory));
  return {
    pings: spooled.pings + coalesced.pings,
    coalesced: coalesced.pings,
    bytes: spooled.bytes + (coalesced.pings > 0 ? journal.bytes : 0),
    oldest: earlier(spooled.oldest, coalesced.oldest),
    unreadableBytes: spooled.unreadableBytes + journal.unreadableBytes,
    damagedFiles: await listDamaged(directory),
    foreignFiles: [...journal.foreign, ...spooled.foreign],
  };
}

interface Found {
  readonly pings: number;
  readonly oldest: Instant | null;
}

/** What is in the spool, and the numbers of all batches that are still in its files. */
async function spooledPings(directory: string) {
  const applied = await readApplied(directory);
  const numbers = new Set<string>();
  let pings = 0;
  let bytes = 0;
  let oldest: Instant | null = null;
  const { unreadableBytes, foreign } = await readSegments(
    directory,
    SPOOL_PREFIX,
    applied?.segment ?? 0,
    (payload, end) => {
      const head = decodeHead(payload);
      numbers.add(keyOf(head));
      if (applied && !isAfter(end, applied)) return;
      pings += head.count;
      bytes += HEADER_BYTES + payload.length;
      oldest = earlier(oldest, head.oldest);
    },
  );
  return { numbers, pings, bytes, oldest, unreadableBytes, foreign };
}

/**
 * What is in the throttle's journal and not in the spool too. Whether a claimed batch was committed only the database
 * knows. But a lane's batches follow one another: while an ingester runs, only its newest can be under way. Without one,
 * all are counted; the next to start finds out.
 */
function coalescedPings(entries: readonly Buffer[], spooled: ReadonlySet<string>, running: boolean): Found {
  const { claimed, unclaimed } = readJournal(entries);
  const newest = new Map<string, number>();
  for (const { number } of claimed) newest.set(number.lane, Math.max(newest.get(number.lane) ?? 0, number.batch));
  let pings = 0;
  let oldest: Instant | null = null;
  const count = (groups: readonly CoalescedPings[]) => {
    for (const group of groups) {
      pings += group.skipped + group.pings.length;
      oldest = earlier(oldest, group.pings[0]?.at ?? null);
    }
  };
  for (const { number, groups } of claimed) {
    if (spooled.has(keyOf(number)) || (running && number.batch < newest.get(number.lane)!)) continue;
    count(groups);
  }
  count(unclaimed);
  return { pings, oldest };
}

/** Reads a log's files from the segment `from` on, one at a time; a spool may be large. */
async function readSegments(
  directory: string,
  prefix: string,
  from: number,
  each: (payload: Buffer, end: LogPosition) => void,
): Promise<{ bytes: number; unreadableBytes: number; foreign: string[] }> {
  const foreign: string[] = [];
  let goodBytes = 0;
  let unreadableBytes = 0;
  for (const { number, path, seed } of await listSegments(directory, prefix)) {
    if (number < from) continue;
    const { size } = await sizeOf(path);
    const { bytes, error } = await salvage(path, 0, size);
    // It was done with in the meantime.
    if ((error as { code?: string } | null)?.code === 'ENOENT') continue;
    const all = withoutRoom([...stretches(bytes.subarray(MAGIC.length), seed, MAGIC.length)], bytes, 0, seed);
    if (isOfAnotherRelease(bytes, seed) && all.every(({ payload }) => payload === null)) {
      foreign.push(path);
      continue;
    }
    for (const { from, to, payload } of all) {
      if (payload) goodBytes += to - from;
      else unreadableBytes += to - from;
      if (payload) each(payload, { segment: number, offset: to });
    }
  }
  return { bytes: goodBytes, unreadableBytes, foreign };
}

function keyOf({ lane, batch }: BatchNumber): string {
  return `${lane} ${batch}`;
}

function earlier(a: Instant | null, b: Instant | null): Instant | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}
