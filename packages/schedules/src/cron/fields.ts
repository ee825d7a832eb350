import { CronExpressionParser } from 'cron-parser';
import { ScheduleError } from '../error.ts';
import { parseNumber } from '../text.ts';

/**
 * One item of a cron field (C6) whose meaning is a plain set of numbers: `*`, `5`, `MON`, `1-5`, and any of them with a
 * step. cron-parser reads those the way Debian's dialect does, once this file has refused what only cron-parser takes
 * (`?`, `H`, `@daily`, `MONDAY` read as `1DAY`, …) and rewritten the one form it reads differently.
 */

export interface Unit {
  /** As the library's messages name it (C11). */
  readonly name: 'minute' | 'hour' | 'day-of-month' | 'month' | 'day-of-week';
  readonly min: number;
  readonly max: number;
  /** Three-letter names; the first stands for `min`. */
  readonly names: readonly string[];
  /** An expression with `item` in this unit's place, for cron-parser. */
  readonly expression: (item: string) => string;
  readonly field: 'minute' | 'hour' | 'dayOfMonth' | 'month' | 'dayOfWeek';
}

const MONTH_NAMES = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'] as const;
const WEEKDAY_NAMES = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] as const;

export const MINUTE: Unit = {
  name: 'minute',
  min: 0,
  max: 59,
  names: [],
  field: 'minute',
  expression: (item) => `${item} * * * *`,
};
export const HOUR: Unit = {
  name: 'hour',
  min: 0,
  max: 23,
  names: [],
  field: 'hour',
  expression: (item) => `0 ${item} * * *`,
};
export const DAY_OF_MONTH: Unit = {
  name: 'day-of-month',
  min: 1,
  max: 31,
  names: [],
  field: 'dayOfMonth',
  expression: (item) => `0 0 ${item} * *`,
};
export const MONTH: Unit = {
  name: 'month',
  min: 1,
  max: 12,
  names: MONTH_NAMES,
  field: 'month',
  expression: (item) => `0 0 * ${item} *`,
};
export const DAY_OF_WEEK: Unit = {
  name: 'day-of-week',
  min: 0,
  max: 7,
  names: WEEKDAY_NAMES,
  field: 'dayOfWeek',
  expression: (item) => `0 0 * * ${item}`,
};

/** `Bad minute`, … (C11). */
export function badField(unit: Unit): ScheduleError {
  return new ScheduleError(`Bad ${unit.name}`);
}

/** A single number or name (C4, C5). */
export function parseValue(unit: Unit, text: string): number {
  const named = unit.names.indexOf(text);
  return named >= 0 ? named + unit.min : parseNumber(text, unit.min, unit.max, `Bad ${unit.name}`);
}

/** A step (C6.5): digits, more than 0, may exceed the range; all that do mean the same, and one of them is returned. */
export function parseStep(unit: Unit, text: string): number {
  return Math.min(parseNumber(text, 1, Number.POSITIVE_INFINITY, `Bad ${unit.name}`), unit.max + 1);
}

const PLAIN_ITEM = /^(?:\*|([0-9]+|[A-Z]{3})(?:-([0-9]+|[A-Z]{3}))?)(?:\/([0-9]+))?$/;

/**
 * The numbers a plain item stands for; Sunday may be 0 or 7.
 * @throws {ScheduleError} `Bad …` when it is not a plain item, or out of range, or a range that runs backwards.
 */
export function plainItem(unit: Unit, item: string): readonly number[] {
  const parts = PLAIN_ITEM.exec(item);
  if (parts === null) throw badField(unit);
  const [, first, last, step] = parts;
  let text = item;
  // cron-parser's months and weekdays are names anywhere in the text; here a name is a whole value.
  if (first !== undefined) text = String(parseValue(unit, first));
  if (last !== undefined) {
    // C6.5: with a step, a range of one value runs on to the field's maximum; cron-parser would stop there.
    const end = parseValue(unit, last);
    if (end !== Number(text)) text += `-${end}`;
  }
  if (step !== undefined)
    text = first === undefined ? `*/${parseStep(unit, step)}` : `${text}/${parseStep(unit, step)}`;
  return readByCronParser(unit, text);
}

/** Items repeat from one expression to the next; a few thousand distinct ones exist in practice. */
const readItems = new Map<string, readonly number[]>();
const MAX_READ_ITEMS = 4096;

function readByCronParser(unit: Unit, item: string): readonly number[] {
  const key = `${unit.name} ${item}`;
  const known = readItems.get(key);
  if (known !== undefined) return known;
  let values: readonly number[];
  try {
    const fields = CronExpressionParser.parse(unit.expression(item)).fields;
    values = fields[unit.field].values.map(Number);
  } catch {
    throw badField(unit);
  }
  if (readItems.size >= MAX_READ_ITEMS) readItems.clear();
  readItems.set(key, values);
  return values;
}
