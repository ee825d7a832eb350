import type { Milliseconds } from '@overdue/clock';
import { DAMAGED, type SegmentName } from './segment-file.ts';
import type { Stretch } from './stretch.ts';

/** What cannot be read of a segment. The rest of it is. */
export interface Damage {
  readonly file: string;
  readonly segment: number;
  /** Offsets in the file: the first byte of each bad stretch, and the one after its last. */
  readonly stretches: readonly (readonly [number, number])[];
  /** Bytes of all of them. */
  readonly bytes: number;
  /** 'damaged', ANOTHER_RELEASE (left alone for that), or the disk's error: EIO, ENOENT, … */
  readonly cause: string;
  /** Where the whole file stays when what is good of it is applied; null: there is no file. */
  readonly keptAs: string | null;
  /** Pings that were in it, when that is known. */
  readonly pings?: number;
}

export const ANOTHER_RELEASE = 'another release';

/** A segment that was read through, up to its end. */
export interface Survey {
  readonly segment: number;
  /** Its good payloads. */
  readonly intact: readonly Buffer[];
  readonly damage: Damage | null;
}

export interface Segment extends SegmentName {
  /** Up to where it was on disk and good when it was written; the next append goes there. */
  bytes: number;
  /** Up to where there is something to read: `bytes`, or less when its end is damaged. */
  end: number;
  /** Nothing is added any more: what it held was seen to be lost, or it is of an earlier process. */
  closed: boolean;
  /** The file stays when the segment is done with: something in it cannot be read. */
  keep: boolean;
  /** Damaged stretches before `end`: from where to where. */
  holes: Map<number, number>;
  /** Not read at the opening: what it holds is not known, nor how long it is (`bytes` may be 0). */
  unread: boolean;
  /** Since when the disk has not given it (monotonic). */
  failingSince: Milliseconds | null;
}

export function newlyKnown<Name extends SegmentName>(name: Name, bytes: number, closed: boolean): Segment & Name {
  return { ...name, bytes, end: bytes, closed, keep: false, holes: new Map(), unread: false, failingSince: null };
}

/** What a damaged segment is called once all else of it is applied. */
export function keptName(path: string): string {
  return path + DAMAGED;
}

/** @param bad its bad stretches @param error what the disk said */
export function damageOf({ number, path }: Segment, bad: readonly Stretch[], error: unknown): Damage | null {
  if (bad.length === 0) return null;
  const code = (error as { code?: string } | null)?.code;
  return {
    file: path,
    segment: number,
    stretches: bad.map(({ from, to }) => [from, to] as const),
    bytes: bad.reduce((sum, { from, to }) => sum + to - from, 0),
    cause: code ?? 'damaged',
    keptAs: code === 'ENOENT' ? null : keptName(path),
  };
}

/** @param size of its file, which may be of another format altogether */
export function damageOfAnotherRelease({ number, path }: SegmentName, size: number): Damage {
  return { file: path, segment: number, stretches: [[0, size]], bytes: size, cause: ANOTHER_RELEASE, keptAs: path };
}
