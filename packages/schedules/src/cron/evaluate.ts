import { dateOfDay, SECONDS_PER_DAY } from '../calendar/date.ts';
import { WallPattern } from '../calendar/pattern.ts';
import type { Evaluator, Instant } from '../types.ts';
import type { Zone } from '../zones/zone.ts';
import { cronDayMask } from './days.ts';
import type { CronFields } from './parse.ts';
import { nextRunning } from './running.ts';

/** S9, E5: a search gives up when it has passed this many years. */
const SEARCH_YEARS = 50;

/** The wall-clock pattern of a cron expression; second 0 only (E2). */
export function cronPattern(fields: CronFields): WallPattern {
  return new WallPattern({
    years: null,
    months: fields.months,
    days: cronDayMask(fields),
    hours: fields.hours,
    minutes: fields.minutes,
    seconds: [0],
  });
}

/** The year a search that begins at wall time `wall` ends with. */
export function lastYearOfSearch(wall: number): number {
  return dateOfDay(Math.floor(wall / SECONDS_PER_DAY)).year + SEARCH_YEARS;
}

/** Evaluates a cron expression in a zone (schedules.md section 3). */
export class CronEvaluator implements Evaluator {
  readonly #fields: CronFields;
  readonly #pattern: WallPattern;
  readonly #zone: Zone;

  constructor(fields: CronFields, zone: Zone) {
    this.#fields = fields;
    this.#pattern = cronPattern(fields);
    this.#zone = zone;
  }

  next(after: Instant): Instant | null {
    const second = Math.floor(after / 1000);
    const wall = second + this.#zone.offsetAt(second);
    const lastYear = lastYearOfSearch(wall);
    const found = this.#fields.fixedTime
      ? nextFixed(this.#pattern, this.#zone, second, wall, lastYear)
      : this.#nextRunning(second + 1, lastYear);
    return found === null ? null : found * 1000;
  }

  /**
   * E3: the modes agree where the clock does not change, and there the fixed mode's search is one look-up. The hour
   * before the start counts too, since R3 may step back to its beginning.
   */
  #nextRunning(start: number, lastYear: number): number | null {
    const offset = this.#zone.offsetAt(start);
    const found = this.#pattern.nextWall(start + offset, lastYear);
    if (found === null) return null;
    const instant = found - offset;
    if (this.#zone.isSteady(start - 3600, instant)) return instant;
    return nextRunning(this.#pattern, this.#zone, start, lastYear);
  }
}

/**
 * Fixed-time mode (section 3.1): Debian's handling of jobs at specific times.
 * @param after what is returned lies after this instant, in seconds
 * @param wall the wall time of `after`
 */
function nextFixed(pattern: WallPattern, zone: Zone, after: number, wall: number, lastYear: number): number | null {
  // F1: a search on wall time, as if clocks never changed: also its first second, which may lie in a gap just begun.
  // It comes round a second time only for F6.
  for (let from = wall + 1; ; ) {
    const found = pattern.nextWall(from, lastYear);
    if (found === null) return null;
    const earlier = zone.offsetAtWall(found, 0);
    const later = zone.offsetAtWall(found, 1);
    if (earlier < later) {
      // F2: skipped by the clock; runs at the first existing minute after it.
      const minutes = Math.ceil((zone.endOfChange(found) - found) / 60);
      return found + minutes * 60 - later;
    }
    // F3: when it occurs twice, the first pass only.
    if (found - earlier > after) return found - earlier;
    // F6: `after` lies in the second pass and the first pass of what was found is over: look behind the overlap.
    from = Math.max(found + 1, zone.endOfChange(found));
  }
}
