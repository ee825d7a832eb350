import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Instant } from '@overdue/clock';
import type { BatchNumber } from '../apply-batch.ts';
import type { Ping } from '../ping.ts';
import type { Overflow } from '../writer.ts';
import { type BatchHead, decodeBatch, decodeHead, encodeBatch, type SpooledBatch } from './codec.ts';
import { HEADER_BYTES } from './frames.ts';
import { type Damage, type LogPosition, replaceFile, SegmentLog } from './segment-log.ts';

export class SpoolFullError extends Error {
  override readonly name = 'SpoolFullError';
}

export interface SpoolOptions {
  readonly directory: string;
  /** SPOOL_MAX_BYTES. */
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly onDamage: (damage: Damage) => void;
}

/** One batch in the spool, as replay gets it. */
export interface SpoolRecord {
  readonly content: SpooledBatch;
  /** To hand to {@link Spool.applied}. */
  readonly end: LogPosition;
  readonly bytes: number;
  readonly count: number;
}

export const SPOOL_PREFIX = 'spool';
/** How far the spool is applied, as of a moment ago: a hint, for `spool status` and a faster start. */
export const APPLIED_FILE = 'applied.json';
const APPLIED_EVERY_MS = 200;

/**
 * Batches that were answered 200 while the database was away, in the order in which they are to be applied. On disk
 * (fdatasync) before their answer; each under its (lane, number), so that applying one twice does nothing.
 */
export class Spool implements Overflow {
  readonly #options: SpoolOptions;
  readonly #log: SegmentLog;
  /** Up to here it is applied. */
  #applied: LogPosition | null;
  #savedAt: number;
  #appending = 0;
  /** Bytes of the last batch, if there was no room for it. */
  #refused = 0;
  #appendingBytes = 0;
  /** What is not applied, by segment: damage to one takes its own with it and nothing else. */
  readonly #held: Map<number, Held>;
  #oldest: Instant | null;
  /** Found by the read under way. */
  readonly #damage: Damage[];

  private constructor(options: SpoolOptions, log: SegmentLog, found: Found) {
    this.#options = options;
    this.#log = log;
    this.#applied = found.applied;
    this.#held = found.held;
    this.#oldest = found.oldest;
    this.#damage = found.damage;
    this.#savedAt = options.clock.monotonic();
  }

  /**
   * Opens what is in a directory that this process has locked.
   * @param onBatch called with each batch that is not known to be applied
   * @throws the disk's error, or when another release wrote it
   */
  static async open(options: SpoolOptions, onBatch: (head: BatchHead) => void): Promise<Spool> {
    const applied = await readApplied(options.directory);
    const held = new Map<number, Held>();
    const damage: Damage[] = [];
    let oldest: Instant | null = null;
    const log = await SegmentLog.open(
      {
        directory: options.directory,
        prefix: SPOOL_PREFIX,
        // Numbers are not used again: a stale APPLIED_FILE must never cover a new segment.
        firstSegment: (applied?.segment ?? 0) + 1,
        onDamage: (one) => damage.push(one),
      },
      (payload, end) => {
        if (applied && !isAfter(end, applied)) return;
        const head = decodeHead(payload);
        onBatch(head);
        hold(held, end.segment, head.count, HEADER_BYTES + payload.length);
        oldest = oldest === null ? head.oldest : Math.min(oldest, head.oldest);
      },
    );
    for (const one of damage.splice(0)) options.onDamage(one);
    return new Spool(options, log, { applied, held, oldest, damage });
  }

  /** Pings in it, those that are on their way into it not included. */
  get pings(): number {
    let pings = 0;
    for (const held of this.#held.values()) pings += held.pings;
    return pings;
  }

  /** Bytes that they take, those that are on their way into it included. */
  get bytes(): number {
    let bytes = this.#appendingBytes;
    for (const held of this.#held.values()) bytes += held.bytes;
    return bytes;
  }

  /** Whether nothing is in it, nor on its way into it. */
  get empty(): boolean {
    return this.pings === 0 && this.#appending === 0;
  }

  /** Whether there was no room for the last batch, and still would not be. */
  get full(): boolean {
    return this.bytes + this.#refused > this.#options.maxBytes;
  }

  /** When the oldest ping that is not applied was received, or a little before; null: it is empty. */
  oldest(): Instant | null {
    return this.empty ? null : this.#oldest;
  }

  /** @throws SpoolFullError, or the disk's error */
  async append(number: BatchNumber, pings: readonly Ping[]): Promise<void> {
    const payload = encodeBatch(number, pings);
    const length = payload.length + HEADER_BYTES;
    if (this.bytes + length > this.#options.maxBytes) {
      this.#refused = length;
      throw new SpoolFullError('The spool is full');
    }
    this.#refused = 0;
    const { count, oldest } = decodeHead(payload);
    this.#oldest = this.empty ? oldest : Math.min(this.#oldest ?? oldest, oldest);
    this.#appending++;
    this.#appendingBytes += length;
    try {
      const { segment } = await this.#log.append(payload);
      hold(this.#held, segment, count, length);
    } finally {
      this.#appending--;
      this.#appendingBytes -= length;
    }
  }

  /** The next batches to apply, in order: at least one if there is one, else until `maxBytes`. */
  async next(maxBytes: number): Promise<SpoolRecord[]> {
    const records = (await this.#log.read(this.#applied, maxBytes)).map(({ payload, end }) => ({
      content: decodeBatch(payload),
      end,
      bytes: payload.length + HEADER_BYTES,
      count: decodeHead(payload).count,
    }));
    if (records.length > 0) this.#oldest = decodeOldest(records);
    for (const damage of this.#damage.splice(0)) this.#lose(damage, records);
    return records;
  }

  /** Of a segment that is damaged, what was read until there is left (`records` has it all) and nothing more. */
  #lose(damage: Damage, records: readonly SpoolRecord[]): void {
    const pings = this.#held.get(damage.segment)?.pings ?? 0;
    this.#held.delete(damage.segment);
    for (const { end, count, bytes } of records) {
      if (end.segment === damage.segment) hold(this.#held, damage.segment, count, bytes);
    }
    this.#options.onDamage({ ...damage, pings: pings - (this.#held.get(damage.segment)?.pings ?? 0) });
  }

  /** These, the result of {@link next} or its first ones, are committed. */
  async applied(records: readonly SpoolRecord[]): Promise<void> {
    for (const record of records) {
      this.#applied = record.end;
      hold(this.#held, record.end.segment, -record.count, -record.bytes);
    }
    if (!this.#applied) return;
    const now = this.#options.clock.monotonic();
    if (this.pings === 0 || now - this.#savedAt > APPLIED_EVERY_MS) {
      this.#savedAt = now;
      await this.#save();
      await this.#log.dropThrough(this.#applied);
    }
  }

  async close(): Promise<void> {
    await this.#log.close();
    if (this.#applied) {
      await this.#save();
      await this.#log.dropThrough(this.#applied);
    }
  }

  #save(): Promise<void> {
    return replaceFile(join(this.#options.directory, APPLIED_FILE), JSON.stringify(this.#applied)).catch(() => {});
  }
}

interface Held {
  pings: number;
  bytes: number;
}

/** What a directory was found to hold. */
interface Found {
  readonly applied: LogPosition | null;
  readonly held: Map<number, Held>;
  readonly oldest: Instant | null;
  /** Where the log tells of damage from now on. */
  readonly damage: Damage[];
}

function hold(held: Map<number, Held>, segment: number, pings: number, bytes: number): void {
  const before = held.get(segment) ?? { pings: 0, bytes: 0 };
  const now = { pings: before.pings + pings, bytes: before.bytes + bytes };
  if (now.pings > 0) held.set(segment, now);
  else held.delete(segment);
}

function decodeOldest(records: readonly SpoolRecord[]): Instant {
  let oldest = Number.POSITIVE_INFINITY;
  for (const { content } of records) for (const ping of content.pings) if (ping.at < oldest) oldest = ping.at;
  return oldest;
}

export function isAfter(a: LogPosition, b: LogPosition): boolean {
  return a.segment > b.segment || (a.segment === b.segment && a.offset > b.offset);
}

/** How far the spool in a directory is applied; null when that is not known. */
export async function readApplied(directory: string): Promise<LogPosition | null> {
  try {
    const { segment, offset } = JSON.parse(await readFile(join(directory, APPLIED_FILE), 'utf8'));
    return Number.isSafeInteger(segment) && Number.isSafeInteger(offset) ? { segment, offset } : null;
  } catch {
    return null;
  }
}
