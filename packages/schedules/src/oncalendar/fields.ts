import { ScheduleError } from '../error.ts';
import { parseNumber } from '../text.ts';

/** What a field of an OnCalendar line counts (O9, O10). */
export interface Unit {
  /** As the library's messages name it (O13). */
  readonly name: 'year' | 'month' | 'day-of-month' | 'day-of-week' | 'hour' | 'minute' | 'second';
  readonly min: number;
  readonly max: number;
}

export const YEAR: Unit = { name: 'year', min: 1970, max: 2199 };
export const MONTH: Unit = { name: 'month', min: 1, max: 12 };
export const DAY: Unit = { name: 'day-of-month', min: 1, max: 31 };
export const WEEKDAY: Unit = { name: 'day-of-week', min: 0, max: 6 };
export const HOUR: Unit = { name: 'hour', min: 0, max: 23 };
export const MINUTE: Unit = { name: 'minute', min: 0, max: 59 };
export const SECOND: Unit = { name: 'second', min: 0, max: 59 };

/** 0 = Sunday, as everywhere in this package. */
const WEEKDAY_NAMES = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;

export interface FieldValues {
  readonly values: ReadonlySet<number>;
  /** The values are days counted from the month's end, 1 = the last (O11.1). */
  readonly fromEnd: boolean;
}

const bad = (unit: Unit): ScheduleError => new ScheduleError(`Bad ${unit.name}`);

/**
 * The values a field stands for (O11).
 * @throws {ScheduleError} `Bad …` (O13).
 */
export function parseField(unit: Unit, text: string): FieldValues {
  const fromEnd = unit === DAY && text.startsWith('~');
  const values = unit === WEEKDAY ? weekdays(text) : numbers(unit, fromEnd ? text.slice(1) : text, fromEnd);
  return { values: new Set(values), fromEnd };
}

function numbers(unit: Unit, text: string, fromEnd: boolean): number[] {
  if (text === '*') return range(unit.min, unit.max);
  if (text.includes('*')) throw bad(unit);
  if (text.includes(',')) return text.split(',').flatMap((item) => numbers(unit, item, fromEnd));
  if (text.includes('/')) {
    const [base, step] = splitOnce(text, '/');
    return steps(unit, numbers(unit, base, fromEnd), parseNumber(step, 1, Infinity, `Bad ${unit.name}`), fromEnd);
  }
  if (text.includes('..')) {
    const [first, last] = splitOnce(text, '..');
    return range(parseValue(unit, first), parseValue(unit, last), unit);
  }
  const value = parseValue(unit, text);
  // O11.9: the 29th day from the end is missing from some months, so it is allowed only inside a range.
  if (fromEnd && value > 28) throw bad(unit);
  return [value];
}

/** O11.4–6: names, with `-` for `..` and commas allowed at the end. */
function weekdays(text: string): number[] {
  const list = text.replace(/,+$/, '').replaceAll('-', '..');
  return list.split(',').flatMap((item) => {
    if (!item.includes('..')) return [parseWeekday(item)];
    const [first, last] = splitOnce(item, '..');
    // The week of a range runs from Monday to Sunday.
    const from = (parseWeekday(first) + 6) % 7;
    const to = (parseWeekday(last) + 6) % 7;
    return range(from, to, WEEKDAY).map((weekday) => (weekday + 1) % 7);
  });
}

function parseWeekday(text: string): number {
  const wanted = text.toLowerCase();
  const weekday = WEEKDAY_NAMES.findIndex((name) => wanted === name || wanted === name.slice(0, 3));
  if (weekday < 0) throw bad(WEEKDAY);
  return weekday;
}

function parseValue(unit: Unit, text: string): number {
  if (unit !== YEAR) return parseNumber(text, unit.min, unit.max, `Bad ${unit.name}`);
  // O9: two-digit years are of 1970 to 2069.
  const number = parseNumber(text, 0, unit.max, 'Bad year');
  const year = number < 70 ? number + 2000 : number < 100 ? number + 1900 : number;
  if (year < unit.min) throw bad(unit);
  return year;
}

/** O11.7: one base value runs on to the field's maximum (from the end: to the month's last day); several are thinned. */
function steps(unit: Unit, base: readonly number[], step: number, fromEnd: boolean): number[] {
  const sorted = [...new Set(base)].sort((a, b) => (fromEnd ? b - a : a - b));
  if (sorted.length > 1) return sorted.filter((_, index) => index % step === 0);
  const values: number[] = [];
  const first = sorted[0]!;
  if (fromEnd) for (let value = first; value >= 1; value -= step) values.push(value);
  else for (let value = first; value <= unit.max; value += step) values.push(value);
  return values;
}

function range(first: number, last: number, unit?: Unit): number[] {
  if (unit !== undefined && last < first) throw bad(unit);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + separator.length)];
}
