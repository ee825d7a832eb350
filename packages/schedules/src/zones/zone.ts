import { ScheduleError } from '../error.ts';
import { isTzdbName } from './names.ts';

/**
 * A zone's clock changes as integers.
 *
 * Intl.DateTimeFormat knows every zone but takes a microsecond a question, and a schedule asks many. So each zone keeps
 * tables of its offsets, read from Intl once, a cell of about 388 days at a time and only where somebody looks.
 *
 * All times here are whole **seconds**: an `instant` since the epoch in UTC; a `wall` time is what the clock on the wall
 * shows, counted as if that were UTC; `wall = instant + offset`. A wall time that occurs twice is told apart by its pass
 * ("fold"): 0 the earlier, 1 the later. A wall time skipped by a forward change ("imaginary") is read with the offset
 * before the gap for pass 0 and the offset after it for pass 1, as PEP 495 has it.
 */
export class Zone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat | null;
  readonly #cells = new Map<number, Cell>();
  #recent: Cell | null = null;

  private constructor(name: string, format: Intl.DateTimeFormat | null) {
    this.name = name;
    this.#format = format;
  }

  static readonly #zones = new Map<string, Zone>();

  /**
   * The zone of that name (any name of the tz database, exact case); the same object each time.
   * @throws {ScheduleError} when there is no such zone.
   */
  static named(name: string): Zone {
    const known = Zone.#zones.get(name);
    if (known !== undefined) return known;
    if (!isTzdbName(name)) throw new ScheduleError('Unknown time zone');
    const zone = new Zone(name, offsetFormat(name));
    Zone.#zones.set(name, zone);
    return zone;
  }

  /** Seconds east of UTC at `instant`. */
  offsetAt(instant: number): number {
    const cell = this.#cellAt(instant);
    return cell.offsets[segmentOf(cell, instant)]!;
  }

  /** Seconds east of UTC that `wall` is to be read with, in the given pass. */
  offsetAtWall(wall: number, fold: 0 | 1): number {
    const before = this.offsetAt(wall - WIDEST_OFFSET);
    const after = this.offsetAt(wall + WIDEST_OFFSET);
    if (before === after) return before;
    const change = this.#firstChangeAfter(wall - WIDEST_OFFSET);
    const turn = fold === 0 ? Math.max(before, after) : Math.min(before, after);
    return wall < change + turn ? before : after;
  }

  /** The first wall time after the gap or overlap that `wall` lies in; no use elsewhere. */
  endOfChange(wall: number): number {
    const before = this.offsetAt(wall - WIDEST_OFFSET);
    const after = this.offsetAt(wall + WIDEST_OFFSET);
    if (before === after) return wall;
    return this.#firstChangeAfter(wall - WIDEST_OFFSET) + Math.max(before, after);
  }

  /** Whether the clock surely does not change from instant `from` to instant `to`. May say no for spans over a year. */
  isSteady(from: number, to: number): boolean {
    const cell = this.#cellAt(from);
    if (segmentEnd(cell, segmentOf(cell, from)) > to) return true;
    const next = this.#cellAt(cell.end);
    const offset = cell.offsets[cell.offsets.length - 1];
    return cell.starts.length === 1 && next.offsets[0] === offset && segmentEnd(next, 0) > to;
  }

  /** The first instant after `from` at which the offset changes; the caller knows there is one within two days. */
  #firstChangeAfter(from: number): number {
    let cell = this.#cellAt(from);
    let segment = segmentOf(cell, from);
    const offset = cell.offsets[segment];
    while (cell.offsets[segment] === offset) {
      if (segment + 1 < cell.starts.length) segment++;
      else {
        cell = this.#cellAt(cell.end);
        segment = 0;
      }
    }
    return cell.starts[segment]!;
  }

  #cellAt(instant: number): Cell {
    const recent = this.#recent;
    if (recent !== null && instant >= recent.start && instant < recent.end) return recent;
    const index = Math.min(Math.max(Math.floor(instant / CELL), FIRST_CELL), LAST_CELL);
    let cell = this.#cells.get(index);
    if (cell === undefined) {
      cell = this.#readCell(index);
      this.#cells.set(index, cell);
    }
    this.#recent = cell;
    return cell;
  }

  /** Asks Intl at every step of the cell, then halves the way to each change until the second is found. */
  #readCell(index: number): Cell {
    const start = index * CELL;
    const end = start + CELL;
    const cell: Cell = { start, end, starts: [start], offsets: [this.#ask(start)] };
    for (let at = start; at < end; at += STEP) {
      const offset = cell.offsets[cell.offsets.length - 1]!;
      // The last second of the step, not the first of the next: a change at the cell's end belongs to the next cell.
      if (this.#ask(at + STEP - 1) === offset) continue;
      let same = at - 1;
      let changed = at + STEP - 1;
      while (changed - same > 1) {
        const middle = Math.floor((same + changed) / 2);
        if (this.#ask(middle) === offset) same = middle;
        else changed = middle;
      }
      cell.starts.push(changed);
      cell.offsets.push(this.#ask(changed));
    }
    return cell;
  }

  #ask(instant: number): number {
    return this.#format === null ? 0 : parseOffset(this.#format.format(instant * 1000));
  }
}

/** The offsets within `[start, end)`: from `starts[i]` on it is `offsets[i]`. `starts[0]` is `start`. */
interface Cell {
  readonly start: number;
  readonly end: number;
  readonly starts: number[];
  readonly offsets: number[];
}

/** 2^25 s, about 388 days, in 128 steps of about 3 days. No zone since 1970 changed its clock back within 6.9 days. */
const CELL = 2 ** 25;
const STEP = 2 ** 18;

/** Years 1800 to 2300; beyond them the offset of the nearest cell stands. */
const FIRST_CELL = Math.floor(Date.UTC(1800, 0) / 1000 / CELL);
const LAST_CELL = Math.floor(Date.UTC(2300, 0) / 1000 / CELL);

/** No zone was ever as far as 16 hours from UTC (Manila was -15:56 until 1844). */
const WIDEST_OFFSET = 16 * 3600;

function segmentOf(cell: Cell, instant: number): number {
  let segment = cell.starts.length - 1;
  while (segment > 0 && instant < cell.starts[segment]!) segment--;
  return segment;
}

function segmentEnd(cell: Cell, segment: number): number {
  return segment + 1 < cell.starts.length ? cell.starts[segment + 1]! : cell.end;
}

/** A formatter whose text ends in the offset; null for `Factory`, tzdata's "not set", which ICU does not carry (UTC). */
function offsetFormat(name: string): Intl.DateTimeFormat | null {
  if (name === 'Factory') return null;
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name, hour: 'numeric', timeZoneName: 'longOffset' });
  } catch {
    throw new ScheduleError('This time zone is not in the tz data of this Node.js');
  }
}

/** `3 AM GMT+03:00`, `11 PM GMT-00:44:30`, `0 AM GMT` -> seconds. */
function parseOffset(text: string): number {
  const parts = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text);
  if (parts === null) throw new Error(`Intl printed an offset in an unknown form: ${text}`);
  if (parts[1] === undefined) return 0;
  const seconds = Number(parts[2]) * 3600 + Number(parts[3]) * 60 + Number(parts[4] ?? 0);
  return parts[1] === '-' ? -seconds : seconds;
}
