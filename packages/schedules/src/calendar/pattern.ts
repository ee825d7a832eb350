import { type CalendarDate, dateOfDay, dayOfDate, daysInMonth, SECONDS_PER_DAY, weekdayOfDay } from './date.ts';

/** Which days of a month match: bit `d - 1` for day `d`, given the first day's weekday (0 = Sunday) and the length. */
export type DayMask = (firstWeekday: number, length: number) => number;

export interface PatternFields {
  /** Sorted; null when every year matches. */
  years: readonly number[] | null;
  /** 1–12 */
  months: Iterable<number>;
  days: DayMask;
  hours: Iterable<number>;
  minutes: Iterable<number>;
  seconds: Iterable<number>;
}

/**
 * The wall-clock side of a schedule, the same for both dialects: which years, months, days and times of day match, and
 * the next of them. Knows nothing of zones; a wall time is whole seconds counted as if the wall clock showed UTC.
 */
export class WallPattern {
  readonly #years: readonly number[] | null;
  readonly #months: number;
  readonly #days: DayMask;
  /** Day masks already computed; a month is known by its first weekday and its length, so there are 28 of them. */
  readonly #masks = new Int32Array(28).fill(NOT_COMPUTED);
  readonly #hours: Int8Array;
  readonly #minutes: Int8Array;
  readonly #seconds: Int8Array;

  constructor(fields: PatternFields) {
    this.#years = fields.years;
    let months = 0;
    for (const month of fields.months) months |= 1 << month;
    this.#months = months;
    this.#days = fields.days;
    this.#hours = successors(fields.hours, 24);
    this.#minutes = successors(fields.minutes, 60);
    this.#seconds = successors(fields.seconds, 60);
  }

  hasMonth(month: number): boolean {
    return (this.#months & (1 << month)) !== 0;
  }

  hasHour(hour: number): boolean {
    return this.#hours[hour] === hour;
  }

  hasMinute(minute: number): boolean {
    return this.#minutes[minute] === minute;
  }

  /** The only minute that matches, or null when there are several. */
  get onlyMinute(): number | null {
    const first = this.#minutes[0]!;
    return this.#minutes[first + 1] === NONE ? first : null;
  }

  /** The matching days of the month that begins on `firstWeekday` and has `length` days. */
  dayMask(firstWeekday: number, length: number): number {
    const key = firstWeekday * 4 + (length - 28);
    let mask = this.#masks[key]!;
    if (mask === NOT_COMPUTED) {
      mask = this.#days(firstWeekday, length);
      this.#masks[key] = mask;
    }
    return mask;
  }

  /**
   * The first matching wall time at or after `wall` in a year up to `lastYear`, or null. Looks at no more than one
   * month mask for each month on the way.
   */
  nextWall(wall: number, lastYear: number): number | null {
    const day = Math.floor(wall / SECONDS_PER_DAY);
    const date = dateOfDay(day);
    let { year, month } = date;
    let monthStart = day - (date.day - 1);
    let firstDay = date.day;

    const time = this.#nextTime(wall - day * SECONDS_PER_DAY);
    if (time !== NONE && this.#hasDate(date, monthStart)) return day * SECONDS_PER_DAY + time;
    firstDay++;

    while (year <= lastYear) {
      const wanted = this.#yearFrom(year);
      if (wanted === null || wanted > lastYear) return null;
      if (wanted !== year) {
        year = wanted;
        month = 1;
        firstDay = 1;
        monthStart = dayOfDate(year, 1, 1);
      }
      const length = daysInMonth(year, month);
      if (this.hasMonth(month)) {
        const mask = this.dayMask(weekdayOfDay(monthStart), length) & (ALL_DAYS << (firstDay - 1));
        if (mask !== 0) {
          const found = monthStart + lowestBit(mask);
          return found * SECONDS_PER_DAY + this.#firstTime();
        }
      }
      monthStart += length;
      firstDay = 1;
      if (++month > 12) {
        month = 1;
        year++;
      }
    }
    return null;
  }

  #hasDate({ year, month, day }: CalendarDate, monthStart: number): boolean {
    if (!this.hasMonth(month) || (this.#years !== null && !this.#years.includes(year))) return false;
    return (this.dayMask(weekdayOfDay(monthStart), daysInMonth(year, month)) & (1 << (day - 1))) !== 0;
  }

  #yearFrom(year: number): number | null {
    return this.#years === null ? year : (this.#years.find((candidate) => candidate >= year) ?? null);
  }

  #firstTime(): number {
    return this.#hours[0]! * 3600 + this.#minutes[0]! * 60 + this.#seconds[0]!;
  }

  /** The first matching time of day at or after `time` (seconds since midnight), or NONE. */
  #nextTime(time: number): number {
    const hour = Math.floor(time / 3600);
    const minute = Math.floor((time % 3600) / 60);
    if (this.#hours[hour] === hour) {
      if (this.#minutes[minute] === minute) {
        const second = this.#seconds[time % 60]!;
        if (second !== NONE) return hour * 3600 + minute * 60 + second;
      }
      const laterMinute = this.#minutes[minute + 1]!;
      if (laterMinute !== NONE) return hour * 3600 + laterMinute * 60 + this.#seconds[0]!;
    }
    const laterHour = this.#hours[hour + 1]!;
    return laterHour === NONE ? NONE : laterHour * 3600 + this.#minutes[0]! * 60 + this.#seconds[0]!;
  }
}

const NONE = -1;
const NOT_COMPUTED = -1;
const ALL_DAYS = 0x7fff_ffff;

/** `successors(values, size)[n]` is the smallest value >= n, or NONE; defined for n from 0 to `size`. */
function successors(values: Iterable<number>, size: number): Int8Array {
  const table = new Int8Array(size + 1).fill(NONE);
  for (const value of values) table[value] = value;
  for (let n = size - 1; n >= 0; n--) if (table[n] === NONE) table[n] = table[n + 1]!;
  return table;
}

/** The index of the lowest set bit. */
function lowestBit(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}
