import { ScheduleError } from '../error.ts';
import { parseNumber, tokens } from '../text.ts';
import {
  badField,
  DAY_OF_MONTH,
  DAY_OF_WEEK,
  HOUR,
  MINUTE,
  MONTH,
  parseStep,
  parseValue,
  plainItem,
  type Unit,
} from './fields.ts';

/** The day-of-month field: the listed days, `L` and `LW`. */
export interface DaysOfMonth {
  readonly days: ReadonlySet<number>;
  readonly lastDay: boolean;
  /** The last Monday-to-Friday day of the month. */
  readonly lastWorkday: boolean;
}

/** The day-of-week field, 0 = Sunday. */
export interface DaysOfWeek {
  /** Each such weekday. */
  readonly every: ReadonlySet<number>;
  /** `5L`: the month's last such weekday. */
  readonly last: ReadonlySet<number>;
  /** `MON#2`: the n-th such weekday, n from 1 to 5. */
  readonly nth: readonly { readonly weekday: number; readonly n: number }[];
}

/** A cron expression, read. */
export interface CronFields {
  /** The five fields as entered, upper-cased. */
  readonly texts: readonly [minute: string, hour: string, dayOfMonth: string, month: string, dayOfWeek: string];
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly daysOfMonth: DaysOfMonth;
  readonly months: ReadonlySet<number>;
  readonly daysOfWeek: DaysOfWeek;
  /** C8: whether a date must match both day fields (one of them begins with a star) or either. */
  readonly bothDayFields: boolean;
  /** E3: times are fixed (neither minute nor hour begins with a star), so they follow Debian's rules over clock changes. */
  readonly fixedTime: boolean;
}

/**
 * Reads a five-field cron expression (schedules.md section 2).
 * @throws {ScheduleError} with the messages of C11.
 */
export function parseCron(expr: string): CronFields {
  const [minute, hour, dayOfMonth, month, dayOfWeek, ...more] = tokens(expr.toUpperCase());
  if (dayOfWeek === undefined || more.length > 0) throw new ScheduleError('Wrong number of fields');
  // Destructuring from an array that has a fifth element: the first four are there.
  const texts = [minute!, hour!, dayOfMonth!, month!, dayOfWeek] as const;
  const fields: CronFields = {
    texts,
    minutes: plainField(MINUTE, texts[0]),
    hours: plainField(HOUR, texts[1]),
    daysOfMonth: daysOfMonthField(texts[2]),
    months: plainField(MONTH, texts[3]),
    daysOfWeek: daysOfWeekField(texts[4]),
    bothDayFields: texts[2].startsWith('*') || texts[4].startsWith('*'),
    fixedTime: !texts[0].startsWith('*') && !texts[1].startsWith('*'),
  };
  if (isImpossibleDay(fields)) throw badField(DAY_OF_MONTH);
  return fields;
}

function plainField(unit: Unit, text: string): Set<number> {
  const values = new Set<number>();
  for (const item of text.split(',')) for (const value of plainItem(unit, item)) values.add(value);
  return values;
}

function daysOfMonthField(text: string): DaysOfMonth {
  const days = new Set<number>();
  let lastDay = false;
  let lastWorkday = false;
  for (const item of text.split(',')) {
    const special = /^(LW?)(?:\/(.*))?$/.exec(item);
    if (special === null) {
      for (const day of plainItem(DAY_OF_MONTH, item)) days.add(day);
      continue;
    }
    // C6.5: the step of L and LW is read and has no effect.
    if (special[2] !== undefined) parseStep(DAY_OF_MONTH, special[2]);
    if (special[1] === 'L') lastDay = true;
    else lastWorkday = true;
  }
  return { days, lastDay, lastWorkday };
}

function daysOfWeekField(text: string): DaysOfWeek {
  const every = new Set<number>();
  const last = new Set<number>();
  const nth: { weekday: number; n: number }[] = [];
  for (const item of text.split(',')) {
    if (item.includes('L')) {
      if (!item.endsWith('L')) throw badField(DAY_OF_WEEK);
      last.add(parseNumber(item.slice(0, -1), 0, 7, 'Bad day-of-week') % 7);
    } else if (item.includes('#')) {
      const at = item.indexOf('#');
      const n = parseNumber(item.slice(at + 1), 1, 5, 'Bad day-of-week');
      nth.push({ weekday: parseValue(DAY_OF_WEEK, item.slice(0, at)) % 7, n });
    } else {
      for (const weekday of plainItem(DAY_OF_WEEK, item)) every.add(weekday % 7);
    }
  }
  return { every, last, nth };
}

/** C9: only days that none of the months has, such as 30 February, whatever the weekday field says. */
function isImpossibleDay({ daysOfMonth, months }: CronFields): boolean {
  if (daysOfMonth.lastDay || daysOfMonth.lastWorkday) return false;
  const smallest = Math.min(...daysOfMonth.days);
  const longest = Math.max(...[...months].map((month) => (month === 2 ? 29 : [4, 6, 9, 11].includes(month) ? 30 : 31)));
  return smallest > 29 && smallest > longest;
}
