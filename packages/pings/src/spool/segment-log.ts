import { type FileHandle, mkdir, open, readdir, readFile, rename, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { frame, frameAt, HEADER_BYTES, MAGIC, readFrames } from './frames.ts';

/** Where a payload ends in the log. */
export interface LogPosition {
  readonly segment: number;
  readonly offset: number;
}

export interface Damage {
  readonly file: string;
  readonly segment: number;
  /** Bytes from the first bad frame to the end. */
  readonly bytes: number;
  /** Where they were put for whoever wants to look; null: the disk did not take them. */
  readonly asideIn: string | null;
  /** Pings that were in it, when that is known. */
  readonly pings?: number;
}

export interface SegmentLogOptions {
  readonly directory: string;
  /** Of the file names: `<prefix>-0000000001.seg`. */
  readonly prefix: string;
  /** A new segment begins when this one is as long; default 8 MiB. */
  readonly segmentBytes?: number;
  /** Segments are numbered from here when there are none; default 1. */
  readonly firstSegment?: number;
  /** What could not be read was set aside. */
  readonly onDamage: (damage: Damage) => void;
}

interface Segment {
  readonly number: number;
  readonly path: string;
  /** Up to where it is on disk and good. */
  bytes: number;
  /** Since it was opened, what it held was seen to be lost: nothing is added to it any more. */
  damaged: boolean;
}

/**
 * An append-only log of payloads in segment files. What was appended is on disk (fdatasync) when `append` resolves;
 * appends that come while one is being synced share the next sync. Segments are deleted whole, oldest first. A process
 * never appends to a file of an earlier one, whose tail may be torn.
 *
 * One process at a time: see lock.ts.
 */
export class SegmentLog {
  readonly #options: Required<SegmentLogOptions>;
  #segments: Segment[];
  #nextNumber: number;
  #current: { segment: Segment; handle: FileHandle } | null = null;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | null = null;

  private constructor(options: SegmentLogOptions, segments: Segment[]) {
    this.#options = { segmentBytes: 8 << 20, firstSegment: 1, ...options };
    this.#segments = segments;
    this.#nextNumber = Math.max(this.#options.firstSegment, (segments.at(-1)?.number ?? 0) + 1);
  }

  /**
   * Opens the log and reads what is there. Damaged tails are cut off and set aside.
   * @param onPayload called with each good payload, oldest first
   */
  static async open(
    options: SegmentLogOptions,
    onPayload: (payload: Buffer, end: LogPosition) => void,
  ): Promise<SegmentLog> {
    await mkdir(options.directory, { recursive: true, mode: 0o700 });
    const segments: Segment[] = [];
    for (const { number, name } of await listSegments(options.directory, options.prefix)) {
      const path = join(options.directory, name);
      const bytes = await readFile(path);
      const { payloads, goodUntil } = readFrames(bytes);
      if (goodUntil < bytes.length) {
        const asideIn = await setAside(path, bytes.subarray(goodUntil), goodUntil);
        options.onDamage({ file: path, segment: number, bytes: bytes.length - goodUntil, asideIn });
      }
      if (payloads.length === 0) {
        await unlink(path);
        continue;
      }
      segments.push({ number, path, bytes: goodUntil, damaged: false });
      let offset = MAGIC.length;
      for (const payload of payloads) {
        offset += HEADER_BYTES + payload.length;
        onPayload(payload, { segment: number, offset });
      }
    }
    return new SegmentLog(options, segments);
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** Number of the segment that is being written, or of the last one. */
  get lastSegment(): number {
    return this.#segments.at(-1)?.number ?? this.#nextNumber - 1;
  }

  /** Resolves with its end when the payload is on disk. @throws the error of the disk; then it is not in the log */
  append(payload: Buffer): Promise<LogPosition> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ framed: frame(payload), resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  /**
   * Payloads after `position` (null: from the beginning), at least one if there is one, up to about `maxBytes`. Where a
   * file no longer holds what was written, it is cut off, and reading goes on with the next.
   * @throws when a file cannot be read
   */
  async read(position: LogPosition | null, maxBytes: number): Promise<{ payload: Buffer; end: LogPosition }[]> {
    const found: { payload: Buffer; end: LogPosition }[] = [];
    let budget = maxBytes;
    for (const segment of this.#segments) {
      if (position && segment.number < position.segment) continue;
      let offset = position?.segment === segment.number ? position.offset : MAGIC.length;
      if (offset >= segment.bytes) continue;
      const handle = await open(segment.path, 'r');
      try {
        while (offset < segment.bytes && (budget > 0 || found.length === 0)) {
          const chunk = await this.#readSome(handle, segment, offset, budget);
          let at = 0;
          while (at < chunk.length) {
            const payload = frameAt(chunk, at);
            if (!payload) break;
            at += HEADER_BYTES + payload.length;
            found.push({ payload, end: { segment: segment.number, offset: offset + at } });
          }
          if (at === 0) {
            await this.#cutOff(segment, offset);
            break;
          }
          offset += at;
          budget -= at;
        }
      } finally {
        await handle.close();
      }
      if (budget <= 0) break;
    }
    return found;
  }

  /** What was good when it was written is not any more: the disk lost it. */
  async #cutOff(segment: Segment, from: number): Promise<void> {
    const { number, path, bytes: until } = segment;
    segment.bytes = from;
    segment.damaged = true;
    const asideIn = await readFile(path)
      .then((bytes) => setAside(path, bytes.subarray(from), from))
      .catch(() => null);
    this.#options.onDamage({ file: path, segment: number, bytes: until - from, asideIn });
  }

  /** Fewer bytes than asked for when the file is shorter than it was. */
  async #readSome(handle: FileHandle, segment: Segment, offset: number, budget: number): Promise<Buffer> {
    const header = Buffer.alloc(HEADER_BYTES);
    await handle.read(header, 0, HEADER_BYTES, offset);
    const first = HEADER_BYTES + header.readUInt32LE(0);
    const length = Math.min(Math.max(first, Math.min(budget, 1 << 20)), segment.bytes - offset);
    const chunk = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await handle.read(chunk, filled, length - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return chunk.subarray(0, filled);
  }

  /** Deletes the segments that end at or before `position`, also the one being written: the next append begins another. */
  async dropThrough(position: LogPosition): Promise<void> {
    const gone: Segment[] = [];
    let handle: FileHandle | null = null;
    while (this.#segments[0]) {
      const segment = this.#segments[0];
      const isCurrent = segment === this.#current?.segment;
      const passed =
        segment.number < position.segment ||
        (segment.number === position.segment && position.offset >= segment.bytes && !(isCurrent && this.#writing));
      if (!passed) break;
      if (isCurrent) {
        handle = this.#current!.handle;
        this.#current = null;
      }
      gone.push(this.#segments.shift()!);
    }
    await handle?.close();
    for (const segment of gone) await unlink(segment.path).catch(() => {});
  }

  async close(): Promise<void> {
    await this.#writing;
    const current = this.#current;
    this.#current = null;
    await current?.handle.close();
  }

  async #writeAll(): Promise<void> {
    // What arrives in the same tick goes along.
    await null;
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        const { segment, handle } = await this.#writable();
        const start = segment.bytes;
        const bytes = group.length === 1 ? group[0]!.framed : Buffer.concat(group.map((one) => one.framed));
        await this.#writeAt(handle, bytes, start);
        if (segment.damaged) throw new Error(`${segment.path} was found damaged meanwhile`);
        segment.bytes = start + bytes.length;
        let offset = start;
        for (const one of group) {
          offset += one.framed.length;
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

  async #writable(): Promise<{ segment: Segment; handle: FileHandle }> {
    const current = this.#current;
    if (current && !current.segment.damaged && current.segment.bytes < this.#options.segmentBytes) return current;
    this.#current = null;
    await current?.handle.close();
    const number = this.#nextNumber++;
    const path = join(this.#options.directory, segmentName(this.#options.prefix, number));
    const handle = await open(path, 'wx', 0o600);
    const segment: Segment = { number, path, bytes: 0, damaged: false };
    try {
      await this.#writeAt(handle, MAGIC, 0);
      await syncDirectory(this.#options.directory);
    } catch (error) {
      await handle.close().catch(() => {});
      await unlink(path).catch(() => {});
      throw error;
    }
    segment.bytes = MAGIC.length;
    this.#segments.push(segment);
    this.#current = { segment, handle };
    return this.#current;
  }

  async #writeAt(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
      if (bytesWritten === 0) throw new Error('The disk took nothing');
      written += bytesWritten;
    }
    await handle.datasync();
  }

  /**
   * After an error nothing is known about what follows the good part of the current file (a failed fsync is not to be
   * tried again: the kernel may have dropped the pages). Cut it off as far as possible, and go on in a new file.
   */
  async #abandon(): Promise<void> {
    const current = this.#current;
    this.#current = null;
    if (!current) return;
    await current.handle.truncate(current.segment.bytes).catch(() => {});
    await current.handle.close().catch(() => {});
    if (current.segment.bytes <= MAGIC.length) {
      this.#segments = this.#segments.filter((segment) => segment !== current.segment);
      await unlink(current.segment.path).catch(() => {});
    }
  }
}

interface Waiting {
  readonly framed: Buffer;
  resolve(end: LogPosition): void;
  reject(error: unknown): void;
}

function segmentName(prefix: string, number: number): string {
  return `${prefix}-${String(number).padStart(10, '0')}.seg`;
}

/** The segments of a log in a directory, oldest first; none when there is no such directory. */
export async function listSegments(directory: string, prefix: string): Promise<{ number: number; name: string }[]> {
  const names = await readdir(directory).catch((error: { code?: string }) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names
    .map((name) => ({ name, match: /^([a-z]+)-(\d{10})\.seg$/.exec(name) }))
    .filter(({ match }) => match?.[1] === prefix)
    .map(({ name, match }) => ({ name, number: Number(match![2]) }))
    .sort((a, b) => a.number - b.number);
}

/** Moves the bad end of a file to one of its own. @returns its path */
async function setAside(path: string, bad: Buffer, goodUntil: number): Promise<string> {
  const asideIn = `${path}.damaged-at-${goodUntil}`;
  await writeFile(asideIn, bad);
  await truncate(path, goodUntil);
  return asideIn;
}

/** Makes a new file's name as durable as its content. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Replaces a small file in one step; a reader sees the old or the new content. Not synced. */
export async function replaceFile(path: string, content: string): Promise<void> {
  await writeFile(`${path}.new`, content);
  await rename(`${path}.new`, path);
}
