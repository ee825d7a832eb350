import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Instant } from '@overdue/clock';
import type { BatchNumber } from '../lanes.ts';
import type { Ping } from '../ping.ts';
import type { Overflow } from '../writer.ts';
import { type BatchHead, decodeBatch, decodeHead, encodeBatch, type SpooledBatch } from './codec.ts';
import { HEADER_BYTES } from './frames.ts';
import { readReceived } from './received.ts';
import { ANOTHER_RELEASE, type Damage, type Survey } from './segment.ts';
import { replaceFile } from './segment-file.ts';
import { type LogPosition, SegmentLog } from './segment-log.ts';

/** There is no room for a batch within SPOOL_MAX_BYTES. */
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
/** A file's first ping was received at most so long before the file was made; see PING_DB_TIMEOUT_MS. */
const BEFORE_ITS_FILE_MS = 60_000;

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
  /** What the disk said to the last batch, if it did not take it. */
  #failure: Error | null = null;
  #appendingBytes = 0;
  /** What is not applied, by segment. */
  readonly #held: Map<number, Held>;
  #oldest: Instant | null;
  /** The first segment that another release wrote: it is to find {@link APPLIED_FILE} before it. */
  readonly #foreign: number;

  private constructor(options: SpoolOptions, log: SegmentLog, found: Found) {
    this.#options = options;
    this.#log = log;
    this.#applied = found.applied;
    this.#held = found.held;
    this.#oldest = found.oldest;
    this.#foreign = found.foreign;
    this.#savedAt = options.clock.monotonic();
  }

  /**
   * Opens what is in a directory that this process has locked.
   * @param onBatch called with each batch that is not known to be applied
   * @throws the disk's error
   */
  static async open(options: SpoolOptions, onBatch: (head: BatchHead) => void): Promise<Spool> {
    const { directory, clock } = options;
    const found: Found = {
      applied: await readApplied(directory),
      held: new Map(),
      oldest: null,
      foreign: Number.POSITIVE_INFINITY,
    };
    const receivingSince = readReceived(directory)[0]?.from ?? Number.POSITIVE_INFINITY;
    let spool: Spool | null = null;
    const sawPingsOf = (at: Instant) => {
      found.oldest = Math.min(found.oldest ?? at, at);
    };
    const log = await SegmentLog.open(
      {
        directory,
        clock,
        prefix: SPOOL_PREFIX,
        // Numbers are not used again: a stale APPLIED_FILE must never cover a new segment.
        firstSegment: (found.applied?.segment ?? 0) + 1,
        after: found.applied,
        // At the opening only its head is looked at: there may be much.
        accepts: (payload) => (spool ? decoded(payload) : headOf(payload)) !== null,
        onSurveyed(survey) {
          if (survey.damage?.cause === ANOTHER_RELEASE) found.foreign = Math.min(found.foreign, survey.segment);
          if (spool) spool.#recount(survey);
          else options.onDamage(survey.damage!);
        },
        onUnread(segment, bytes, since) {
          // At least one, or it would be taken for empty.
          found.held.set(segment, { pings: 1, bytes, guessed: true });
          // A file that was copied is younger than what is in it.
          sawPingsOf(Math.max(0, Math.min(since - BEFORE_ITS_FILE_MS, receivingSince)));
        },
      },
      (payload, end) => {
        const head = decodeHead(payload);
        onBatch(head);
        hold(found.held, end.segment, head.count, HEADER_BYTES + payload.length);
        sawPingsOf(head.oldest);
      },
    );
    spool = new Spool(options, log, found);
    return spool;
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

  /** What keeps it from taking batches, as the end of a sentence about it; null: nothing, as far as is known. */
  get trouble(): string | null {
    if (this.bytes + this.#refused > this.#options.maxBytes) return 'is full';
    return this.#failure && `cannot be written: ${this.#failure.message}`;
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
      this.#failure = null;
    } catch (error) {
      this.#failure = error as Error;
      throw error;
    } finally {
      this.#appending--;
      this.#appendingBytes -= length;
    }
  }

  /** The next batches to apply, in order: at least one if there is one, else until `maxBytes`. */
  async next(maxBytes: number): Promise<SpoolRecord[]> {
    const records = (await this.#log.read(this.#applied, maxBytes)).map(({ payload, end }) => ({
      content: decoded(payload)!,
      end,
      bytes: payload.length + HEADER_BYTES,
      count: decodeHead(payload).count,
    }));
    if (records.length > 0) this.#oldest = decodeOldest(records);
    return records;
  }

  /** Of a segment in which something is bad there is what was found, and nothing more. */
  #recount({ segment, intact, damage }: Survey): void {
    const before = this.#held.get(segment);
    this.#held.delete(segment);
    for (const payload of intact) hold(this.#held, segment, decodeHead(payload).count, HEADER_BYTES + payload.length);
    if (!damage) return;
    const lost = (before?.pings ?? 0) - (this.#held.get(segment)?.pings ?? 0);
    this.#options.onDamage(before?.guessed ? damage : { ...damage, pings: lost });
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
      await this.#finish(this.#applied);
    }
  }

  async close(): Promise<void> {
    await this.#log.close();
    if (this.#applied) await this.#finish(this.#applied);
  }

  /** In this order: a file that {@link APPLIED_FILE} says is applied is deleted, also one that is to be kept. */
  async #finish(applied: LogPosition): Promise<void> {
    await this.#log.dropThrough(applied);
    if (applied.segment > this.#foreign) return;
    await replaceFile(join(this.#options.directory, APPLIED_FILE), JSON.stringify(applied)).catch(() => {});
  }
}

interface Held {
  readonly pings: number;
  readonly bytes: number;
  /** The disk has not given it yet. */
  readonly guessed?: boolean;
}

/** What a directory was found to hold. */
interface Found {
  readonly applied: LogPosition | null;
  readonly held: Map<number, Held>;
  oldest: Instant | null;
  foreign: number;
}

/** What payloads hold that were read and not yet handed on. */
const contents = new WeakMap<Buffer, SpooledBatch>();

/** null: it is no batch, or one of another version. */
function decoded(payload: Buffer): SpooledBatch | null {
  try {
    const content = contents.get(payload) ?? decodeBatch(payload);
    contents.set(payload, content);
    return content;
  } catch {
    return null;
  }
}

function headOf(payload: Buffer): BatchHead | null {
  try {
    return decodeHead(payload);
  } catch {
    return null;
  }
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

/** Whether `a` was written after `b`. */
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
