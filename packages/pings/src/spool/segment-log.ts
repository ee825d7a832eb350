import { mkdir, rename, unlink } from 'node:fs/promises';
import type { Clock, Instant } from '@overdue/clock';
import { frameLength, frames, HEADER_BYTES, MAGIC, type Seed, stretches } from './frames.ts';
import { appendAt, createSegment, type GrowingFile, SEGMENT_BYTES, withoutRoom } from './room.ts';
import { damageOf, damageOfAnotherRelease, keptName, newlyKnown, type Segment, type Survey } from './segment.ts';
import {
  cutOff,
  isMediumError,
  isOfAnotherRelease,
  listSegments,
  newSegment,
  openExisting,
  readAtOpening,
  readUntilError,
  type SegmentName,
  salvage,
  sizeOf,
} from './segment-file.ts';
import type { Stretch } from './stretch.ts';

/** Where a payload ends in the log. */
export interface LogPosition {
  readonly segment: number;
  readonly offset: number;
}

export interface SegmentLogOptions {
  readonly directory: string;
  /** Of the file names: `<prefix>-0000000001-<seed>.seg`. */
  readonly prefix: string;
  readonly clock: Clock;
  /** A new segment begins when this one is as long; default {@link SEGMENT_BYTES}. */
  readonly segmentBytes?: number;
  /** Segments are numbered from here when there are none; default 1. */
  readonly firstSegment?: number;
  /** What ends there or before is not needed any more. */
  readonly after?: LogPosition | null;
  /** Whether a payload is what its reader understands; what is not is as good as damaged. */
  readonly accepts?: (payload: Buffer) => boolean;
  /** Something was found to be bad; or at last, what a segment holds of which {@link onUnread} was told. */
  readonly onSurveyed: (survey: Survey) => void;
  /**
   * At the opening, the disk does not give this segment; {@link SegmentLog.read} tries again. Without it, the opening does,
   * for some seconds. `since`: nothing was written to it before, about; 0: not known.
   */
  readonly onUnread?: (segment: number, bytes: number, since: Instant) => void;
}

/** So long a segment that the disk does not give is asked for again, before what is behind it goes on without. */
export const UNREADABLE_AFTER_MS = 30_000;

/**
 * An append-only log of payloads in segment files. What was appended is on disk (as by fdatasync) when `append` resolves;
 * appends that come while one is being synced share the next sync. Segments are deleted whole, oldest first. A process
 * never appends to a file of an earlier one, whose tail may be torn.
 *
 * What cannot be read (damaged, lost, on a bad sector) is told and skipped: its file stays, with `.damaged` behind its
 * name, when the rest of it is done with.
 *
 * One process at a time: see lock.ts.
 */
export class SegmentLog {
  readonly #options: SegmentLogOptions & { readonly segmentBytes: number };
  #segments: Segment[];
  #nextNumber: number;
  #current: Writable | null = null;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | null = null;
  /** Files that hold something that was not acknowledged, and that did not let go of it: from `bytes` on. */
  #tainted: Segment[] = [];

  private constructor(options: SegmentLogOptions, segments: Segment[], nextNumber: number) {
    this.#options = { segmentBytes: SEGMENT_BYTES, ...options };
    this.#segments = segments;
    this.#nextNumber = nextNumber;
  }

  /**
   * Opens the log and reads what is there.
   * @param onPayload called with each good payload, oldest first
   * @throws the disk's error, when it is one that may pass, or that somebody can mend
   */
  static async open(
    options: SegmentLogOptions,
    onPayload: (payload: Buffer, end: LogPosition) => void,
  ): Promise<SegmentLog> {
    const { directory, prefix, after = null, firstSegment = 1 } = options;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const found = await listSegments(directory, prefix);
    const log = new SegmentLog(options, [], Math.max(firstSegment, (found.at(-1)?.number ?? 0) + 1));
    for (const name of found) {
      const isApplied = after !== null && name.number < after.segment;
      const from = after?.segment === name.number ? after.offset : MAGIC.length;
      await log.#openSegment(name, isApplied ? Number.POSITIVE_INFINITY : from, onPayload);
    }
    return log;
  }

  /** @param from what is before it is not needed */
  async #openSegment(
    name: SegmentName,
    from: number,
    onPayload: (payload: Buffer, end: LogPosition) => void,
  ): Promise<void> {
    const { clock, onUnread, onSurveyed } = this.#options;
    const { number, seed, path } = name;
    const { size, since, bytes, error } = await readAtOpening(clock, path, from, onUnread === undefined);
    const parsed = this.#parse(bytes.subarray(MAGIC.length), seed, MAGIC.length);
    const all = withoutRoom(parsed, bytes, 0, seed, this.#options.segmentBytes);
    const good = all.filter(({ payload, to }) => payload !== null && to > from);
    if (isOfAnotherRelease(bytes, seed) && good.length === 0 && from < size) {
      onSurveyed({ segment: number, intact: [], damage: damageOfAnotherRelease(name, size) });
      return;
    }
    const segment = newlyKnown(name, all.at(-1)?.to ?? size, true);
    this.#segments.push(segment);
    const isNeeded = from !== Number.POSITIVE_INFINITY;
    if (error && onUnread && isNeeded) {
      segment.unread = true;
      onUnread(number, size, since);
      return;
    }
    segment.keep = all.some(({ payload }) => payload === null);
    const left = all.filter(({ to }) => to > from).map((one) => ({ ...one, from: Math.max(one.from, from) }));
    await this.#surveyed(segment, left, isNeeded ? error : null);
    for (const { payload, to } of good) onPayload(payload!, { segment: number, offset: to });
  }

  #parse(bytes: Buffer, seed: Seed | null, from: number): Stretch[] {
    const { accepts = () => true } = this.#options;
    const parsed: Stretch[] = [];
    for (const one of stretches(bytes, seed, from)) {
      parsed.push(one.payload && !accepts(one.payload) ? { ...one, payload: null } : one);
    }
    return parsed;
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** Number of the segment that is being written, or of the last one. */
  get lastSegment(): number {
    return this.#segments.at(-1)?.number ?? this.#nextNumber - 1;
  }

  /**
   * Resolves with its end when the payload is on disk.
   * @throws the error of the disk; then it is not in the log. Nor will it be in that of the next process, unless the disk
   * took it all the same, lets nobody take it back, and this process ends before it does
   */
  append(payload: Buffer): Promise<LogPosition> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ payload, resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  /**
   * Payloads after `position` (null: from the beginning), at least one if there is one, up to about `maxBytes`. Where a
   * file no longer holds what was written, what is left of it is found.
   * @throws when a file cannot be read now. What a disk does not give for {@link UNREADABLE_AFTER_MS} is damage
   */
  async read(position: LogPosition | null, maxBytes: number): Promise<{ payload: Buffer; end: LogPosition }[]> {
    const found: { payload: Buffer; end: LogPosition }[] = [];
    let budget = maxBytes;
    for (const segment of [...this.#segments]) {
      if (position && segment.number < position.segment) continue;
      let offset = position?.segment === segment.number ? position.offset : MAGIC.length;
      while ((offset < segment.end || segment.unread) && (budget > 0 || found.length === 0)) {
        const behind = segment.holes.get(offset);
        if (behind !== undefined) {
          offset = behind;
          continue;
        }
        try {
          const some = segment.unread ? [] : await this.#readSome(segment, offset, budget);
          if (some.length === 0) {
            const before = found.filter(({ end }) => end.segment === segment.number).map(({ payload }) => payload);
            await this.#survey(segment, offset, before);
          }
          for (const { payload, to } of some) {
            found.push({ payload, end: { segment: segment.number, offset: to } });
            budget -= to - offset;
            offset = to;
          }
        } catch (error) {
          // What comes before it need not wait.
          if (found.length > 0) return found;
          throw error;
        }
      }
      if (budget <= 0) break;
    }
    return found;
  }

  /** The good frames from `offset` on, as many as fit, at least one; none: it is damaged. @throws the disk's error */
  async #readSome(segment: Segment, offset: number, budget: number): Promise<{ payload: Buffer; to: number }[]> {
    const { seed, path, end } = segment;
    const handle = await openExisting(path, 'r');
    if (!handle) return [];
    try {
      const header = await readUntilError(handle, offset, Math.min(HEADER_BYTES, end - offset));
      const first = frameLength(header.bytes, 0, seed, offset) ?? 0;
      const known = [...segment.holes.keys()].filter((hole) => hole > offset);
      const length = Math.min(Math.max(first, Math.min(budget, 1 << 20)), Math.min(end, ...known) - offset);
      const { bytes, error } = header.error ? header : await readUntilError(handle, offset, length);
      const good: { payload: Buffer; to: number }[] = [];
      for (const { payload, to } of this.#parse(bytes, seed, offset)) {
        if (!payload) break;
        good.push({ payload, to });
      }
      // Asked for again; as long as it may pass, the rest of the segment need not be read.
      if (good.length === 0 && error) throw error;
      if (good.length > 0) segment.failingSince = null;
      return good;
    } catch (error) {
      if (!this.#isLost(segment, error)) throw error;
      return [];
    } finally {
      await handle.close().catch(() => {});
    }
  }

  /** Whether the disk has not given a segment for so long that it never will. */
  #isLost(segment: Segment, error: unknown): boolean {
    if (!isMediumError(error)) return false;
    const now = this.#options.clock.monotonic();
    segment.failingSince ??= now;
    return now - segment.failingSince >= UNREADABLE_AFTER_MS;
  }

  /** Reads a segment through from `from` on, where something is bad; `before`: good ones before it. @throws the disk's error, as long as it may pass */
  async #survey(segment: Segment, from: number, before: readonly Buffer[]): Promise<void> {
    segment.closed = true;
    const { path, seed } = segment;
    const isLengthKnown = !segment.unread;
    const { size, error: unsized } = isLengthKnown ? { size: segment.bytes, error: null } : await sizeOf(path);
    const to = Math.max(from, segment.bytes, size);
    let { bytes, error } = await salvage(path, from, to, true);
    const failed = unsized ?? error;
    if (isMediumError(failed)) {
      if (!this.#isLost(segment, failed)) throw failed;
      ({ bytes, error } = await salvage(path, from, to));
    }
    const parsed = this.#parse(bytes, seed, from);
    const body = isLengthKnown ? parsed : withoutRoom(parsed, bytes, from, seed, this.#options.segmentBytes);
    segment.bytes = body.at(-1)?.to ?? from;
    await this.#surveyed(segment, body, unsized ?? error, before);
  }

  /** Notes what was found to be bad, and tells it. */
  async #surveyed(
    segment: Segment,
    body: readonly Stretch[],
    error: unknown,
    before: readonly Buffer[] = [],
  ): Promise<void> {
    const { number } = segment;
    const wasUnread = segment.unread;
    segment.unread = false;
    const bad = body.filter(({ payload }) => payload === null);
    // Not even how long it is is known.
    if (bad.length === 0 && error) bad.push({ from: MAGIC.length, to: MAGIC.length, payload: null });
    const intact = [...before, ...body.map(({ payload }) => payload).filter((payload) => payload !== null)];
    for (const { from, to } of bad) segment.holes.set(from, to);
    segment.end = body.findLast(({ payload }) => payload !== null)?.to ?? body[0]?.from ?? MAGIC.length;
    if (bad.length > 0) segment.keep = true;
    const damage = damageOf(segment, bad, error);
    if (damage || wasUnread) this.#options.onSurveyed({ segment: number, intact, damage });
    if (intact.length === 0) await this.#retire([segment]);
  }

  /** Deletes the segments that end at or before `position`, also the one being written: the next append begins another. */
  async dropThrough(position: LogPosition): Promise<void> {
    const gone: Segment[] = [];
    for (const segment of this.#segments) {
      const isBeingWritten = segment === this.#current?.segment && this.#writing !== null;
      const passed =
        segment.number < position.segment ||
        (segment.number === position.segment && position.offset >= segment.end && !isBeingWritten);
      if (!passed) break;
      gone.push(segment);
    }
    await this.#retire(gone);
  }

  async #retire(gone: readonly Segment[]): Promise<void> {
    if (gone.length === 0) return;
    this.#segments = this.#segments.filter((segment) => !gone.includes(segment));
    this.#tainted = this.#tainted.filter((segment) => !gone.includes(segment));
    const current = this.#current;
    // One that is being written is closed by the writer, who sees that it is closed.
    if (current && gone.includes(current.segment) && this.#writing === null) {
      this.#current = null;
      await current.file.handle.close();
    }
    for (const { path, keep } of gone) await (keep ? rename(path, keptName(path)) : unlink(path)).catch(() => {});
  }

  async close(): Promise<void> {
    await this.#writing;
    const current = this.#current;
    this.#current = null;
    await current?.file.handle.close();
    await this.#letGo();
  }

  async #writeAll(): Promise<void> {
    // What arrives in the same tick goes along.
    await null;
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        const { segment, file } = await this.#writable();
        const start = segment.bytes;
        const payloads = group.map(({ payload }) => payload);
        const bytes = frames(payloads, segment.seed, start);
        await appendAt(file, bytes, start, this.#options.segmentBytes);
        if (segment.closed) {
          // It was found damaged meanwhile: nobody is to look for these in it.
          await this.#abandon();
          this.#waiting = [...group, ...this.#waiting];
          continue;
        }
        segment.bytes = segment.end = start + bytes.length;
        let offset = start;
        for (const one of group) {
          offset += HEADER_BYTES + one.payload.length;
          one.resolve({ segment: segment.number, offset });
        }
      } catch (error) {
        await this.#abandon();
        for (const one of group) one.reject(error);
      }
    }
    // In the tick that saw nothing waiting: what comes next starts anew.
    this.#writing = null;
  }

  async #writable(): Promise<Writable> {
    const current = this.#current;
    if (current && !current.segment.closed && current.segment.bytes < this.#options.segmentBytes) return current;
    this.#current = null;
    await current?.file.handle.close();
    await this.#letGo();
    const name = newSegment(this.#options.directory, this.#options.prefix, this.#nextNumber++);
    const file = await createSegment(name.path, this.#options.segmentBytes);
    const segment = newlyKnown(name, MAGIC.length, false);
    this.#segments.push(segment);
    this.#current = { segment, file };
    return this.#current;
  }

  /**
   * After an error nothing is known about what follows the good part of the current file (a failed fsync is not to be
   * tried again: the kernel may have dropped the pages). It is cut off, on the disk too, before anybody is told: whoever
   * hears that it was not taken sends it again, and the next process must not find it. Then it goes on in a new file.
   */
  async #abandon(): Promise<void> {
    const current = this.#current;
    this.#current = null;
    if (!current) return;
    const { segment, file } = current;
    await file.handle.close().catch(() => {});
    this.#tainted.push(segment);
    await this.#letGo();
    if (segment.bytes <= MAGIC.length) this.#segments = this.#segments.filter((one) => one !== segment);
  }

  /** What a file would not let go of is tried again before another is begun. */
  async #letGo(): Promise<void> {
    for (const segment of [...this.#tainted]) {
      const isGone = await cutOff(segment.path, segment.bytes).catch(() => false);
      if (isGone) this.#tainted = this.#tainted.filter((one) => one !== segment);
    }
  }
}

interface Writable {
  readonly segment: Segment & { readonly seed: Seed };
  readonly file: GrowingFile;
}

interface Waiting {
  readonly payload: Buffer;
  resolve(end: LogPosition): void;
  reject(error: unknown): void;
}
