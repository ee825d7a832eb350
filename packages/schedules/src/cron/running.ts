import { dateOfDay, dayOfDate, daysInMonth, SECONDS_PER_DAY, weekdayOfDay } from '../calendar/date.ts';
import type { WallPattern } from '../calendar/pattern.ts';
import type { Zone } from '../zones/zone.ts';

/**
 * Running mode (schedules.md section 3.2): schedules with a star in the minute or the hour follow real elapsed time over
 * a clock change. This is the letter of rules R1 to R6, with their half-hour artefact R8; used only near clock changes.
 *
 * One thing is added: each rule leaves the cursor at a later instant than it found it. By the letter, an overlap that
 * begins off the hour (Chatham: 03:45 back to 02:45) can lead R2 and R3 back before it, round and round.
 *
 * @param start the first instant that may be returned, in seconds
 * @returns the first matching instant, or null when none is found up to the end of `lastYear`
 */
export function nextRunning(pattern: WallPattern, zone: Zone, start: number, lastYear: number): number | null {
  const cursor = new Cursor(zone, start);
  for (;;) {
    const { year, month, day } = cursor.date();

    // R1: the month, and the year limit.
    if (year > lastYear) return null;
    if (!pattern.hasMonth(month)) {
      let nextMonth = month;
      let nextYear = year;
      do {
        if (++nextMonth > 12) {
          nextMonth = 1;
          nextYear++;
        }
      } while (!pattern.hasMonth(nextMonth));
      cursor.advanceToMidnight(dayOfDate(nextYear, nextMonth, 1));
      continue;
    }

    // R2: the next matching date of this month, else the first of the next.
    const monthStart = dayOfDate(year, month, 1);
    const length = daysInMonth(year, month);
    const mask = pattern.dayMask(weekdayOfDay(monthStart), length);
    if ((mask & (1 << (day - 1))) === 0) {
      let next = day;
      while (next < length && (mask & (1 << next)) === 0) next++;
      cursor.advanceToMidnight(monthStart + next);
      continue;
    }

    const before = cursor.instant();

    // R3: the hour.
    if (!pattern.hasHour(cursor.hour)) {
      cursor.wall = Math.floor(cursor.wall / 3600) * 3600;
      do cursor.add(3600);
      while ((!pattern.hasHour(cursor.hour) && cursor.hour !== 0) || cursor.instant() <= before);
      continue;
    }

    // R4: the minute.
    if (!pattern.hasMinute(cursor.minute)) {
      cursor.wall -= cursor.second;
      const only = pattern.onlyMinute;
      if (only !== null) cursor.add(((only - cursor.minute + 60) % 60) * 60);
      while (!pattern.hasMinute(cursor.minute) || cursor.instant() <= before) {
        cursor.add(60);
        if (cursor.minute === 0 && cursor.instant() > before) break;
      }
      continue;
    }

    // R5: the second. More than once where the clock changes by part of a minute (Monrovia in 1972, by 44 min 30 s).
    if (cursor.second === 0) return before;
    do cursor.add(60 - cursor.second);
    while (cursor.second !== 0);
  }
}

/** A wall date-time and its pass. */
class Cursor {
  readonly #zone: Zone;
  wall = 0;
  #fold: 0 | 1 = 0;

  constructor(zone: Zone, instant: number) {
    this.#zone = zone;
    this.#moveTo(instant);
  }

  get hour(): number {
    return Math.floor(this.wall / 3600) - Math.floor(this.wall / SECONDS_PER_DAY) * 24;
  }

  get minute(): number {
    return Math.floor(this.wall / 60) - Math.floor(this.wall / 3600) * 60;
  }

  get second(): number {
    return this.wall - Math.floor(this.wall / 60) * 60;
  }

  date() {
    return dateOfDay(Math.floor(this.wall / SECONDS_PER_DAY));
  }

  /**
   * To 00:00:00 of a day, first pass; the second when the first is over. R6: also when that midnight is imaginary, which
   * then denotes the end of the gap.
   */
  advanceToMidnight(day: number): void {
    const before = this.instant();
    this.wall = day * SECONDS_PER_DAY;
    this.#fold = 0;
    if (this.instant() > before) return;
    this.#fold = 1;
    if (this.instant() <= before) this.#moveTo(before + 3600);
  }

  instant(): number {
    return this.wall - this.#zone.offsetAtWall(this.wall, this.#fold);
  }

  /** Adds real seconds. */
  add(seconds: number): void {
    this.#moveTo(this.instant() + seconds);
  }

  #moveTo(instant: number): void {
    const offset = this.#zone.offsetAt(instant);
    this.wall = instant + offset;
    this.#fold = this.#zone.offsetAtWall(this.wall, 0) === offset ? 0 : 1;
  }
}
