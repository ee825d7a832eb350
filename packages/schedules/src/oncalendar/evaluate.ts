import { type DayMask, WallPattern } from '../calendar/pattern.ts';
import type { Evaluator, Instant } from '../types.ts';
import { Zone } from '../zones/zone.ts';
import { YEAR } from './fields.ts';
import type { OnCalendarLine } from './parse.ts';

/** Evaluates one OnCalendar line in its own zone, or the check's (schedules.md section 5). */
export class LineEvaluator implements Evaluator {
  readonly #pattern: WallPattern;
  readonly #zone: Zone;
  /** In seconds: a search from here on finds nothing. Finding that out takes a look at each month until 2199. */
  #nothingFrom = Number.POSITIVE_INFINITY;

  /**
   * @param checkZone for a line without a zone
   * @throws {ScheduleError} when this Node.js has no data for the line's zone.
   */
  constructor(line: OnCalendarLine, checkZone: Zone) {
    this.#pattern = new WallPattern({
      years: line.years.size === YEAR.max - YEAR.min + 1 ? null : [...line.years].sort((a, b) => a - b),
      months: line.months,
      days: dayMask(line),
      hours: line.hours,
      minutes: line.minutes,
      seconds: line.seconds,
    });
    this.#zone = line.zone === null ? checkZone : Zone.named(line.zone);
  }

  next(after: Instant): Instant | null {
    const zone = this.#zone;
    const start = Math.floor(after / 1000) + 1;
    if (start >= this.#nothingFrom) return null;
    let wall = Math.max(start + zone.offsetAt(start), FIRST_WALL);
    for (;;) {
      // N6: the calendar ends with 2199.
      const found = this.#pattern.nextWall(wall, YEAR.max);
      if (found === null) {
        this.#nothingFrom = start;
        return null;
      }
      const earlier = zone.offsetAtWall(found, 0);
      // N4: of a wall time that occurs twice, the first pass only.
      const instant = found - earlier;
      const skipped = earlier < zone.offsetAtWall(found, 1);
      if (!skipped && instant >= start) return instant * 1000;
      // N3: a skipped wall time is dropped. N7: so is a first pass that is over when the start lies in the second.
      wall = Math.max(found + 1, zone.endOfChange(found));
    }
  }
}

/** 1970-01-01T00:00:00: the calendar begins with the first year of O9. */
const FIRST_WALL = 0;

/** N5, N8: the union of the lines, merged by instant. */
export class OnCalendarEvaluator implements Evaluator {
  readonly #lines: readonly LineEvaluator[];

  constructor(lines: readonly OnCalendarLine[], checkZone: Zone) {
    this.#lines = lines.map((line) => new LineEvaluator(line, checkZone));
  }

  next(after: Instant): Instant | null {
    let earliest: Instant | null = null;
    for (const line of this.#lines) {
      const next = line.next(after);
      if (next !== null && (earliest === null || next < earliest)) earliest = next;
    }
    return earliest;
  }
}

/** O12: weekday and date must both match. */
function dayMask({ weekdays, days }: OnCalendarLine): DayMask {
  return (firstWeekday, length) => {
    let mask = 0;
    for (let day = 1; day <= length; day++) {
      const counted = days.fromEnd ? length - day + 1 : day;
      const weekday = (firstWeekday + day - 1) % 7;
      if (days.values.has(counted) && (weekdays === null || weekdays.has(weekday))) mask |= 1 << (day - 1);
    }
    return mask;
  };
}
