import { ScheduleError } from '../error.ts';
import { tokens, trimmed } from '../text.ts';
import { isTzdbName } from '../zones/names.ts';
import { DAY, type FieldValues, HOUR, MINUTE, MONTH, parseField, SECOND, WEEKDAY, YEAR } from './fields.ts';

/** One line of an OnCalendar expression, read. */
export interface OnCalendarLine {
  /** Null: any. */
  readonly weekdays: ReadonlySet<number> | null;
  readonly years: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly days: FieldValues;
  readonly hours: ReadonlySet<number>;
  readonly minutes: ReadonlySet<number>;
  readonly seconds: ReadonlySet<number>;
  /** The line's own zone; null: the check's (O4). */
  readonly zone: string | null;
}

/** O5: words that stand for a whole line. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['minutely', '*-*-* *:*:00'],
  ['hourly', '*-*-* *:00:00'],
  ['daily', '*-*-* 00:00:00'],
  ['weekly', 'Mon *-*-* 00:00:00'],
  ['monthly', '*-*-01 00:00:00'],
  ['quarterly', '*-01,04,07,10-01 00:00:00'],
  ['semiannually', '*-01,07-01 00:00:00'],
  ['yearly', '*-01-01 00:00:00'],
  ['annually', '*-01-01 00:00:00'],
]);

/**
 * Reads an OnCalendar expression of one or more lines (schedules.md section 4).
 * @throws {ScheduleError} with the messages of O13.
 */
export function parseOnCalendar(expr: string): readonly OnCalendarLine[] {
  return trimmed(expr).split('\n').map(parseLine);
}

function parseLine(text: string): OnCalendarLine {
  let line = trimmed(text);
  let zone: string | null = null;
  if (line.includes(' ')) {
    // O3: only a line with a space has a zone, and it is the line's last token.
    const last = tokens(line).at(-1)!;
    if (!/^[0-9*]/.test(last) && isTzdbName(last)) {
      zone = last;
      line = trimmed(line.slice(0, -last.length));
    }
  }
  line = WORDS.get(line.toLowerCase()) ?? line;

  // O6: `05~3` is month 05, day ~3.
  const parts = tokens(line.replaceAll('~', '-~'));
  if (parts.length === 0) throw new ScheduleError('Wrong number of fields');
  const time = parts.at(-1)?.includes(':') ? parts.pop()! : '00:00:00';
  const date = /^[0-9*].*-/.test(parts.at(-1) ?? '') ? parts.pop()! : '*-*-*';
  const weekday = parts.shift();

  const [hour, minute, second = '00', ...moreTime] = time.split(':');
  if (hour === undefined || minute === undefined || moreTime.length > 0) throw new ScheduleError('Bad time');
  const hours = parseField(HOUR, hour).values;
  const minutes = parseField(MINUTE, minute).values;
  const seconds = parseField(SECOND, second).values;

  const dateParts = date.split('-');
  if (dateParts.length === 2) dateParts.unshift('*');
  const [year, month, day, ...moreDate] = dateParts;
  if (year === undefined || month === undefined || day === undefined || moreDate.length > 0) {
    throw new ScheduleError('Bad date');
  }
  const years = parseField(YEAR, year).values;
  const months = parseField(MONTH, month).values;
  const days = parseField(DAY, day);
  const weekdays = weekday === undefined ? null : parseField(WEEKDAY, weekday).values;

  // Last, so that a token in the wrong place is reported as the weekday it cannot be (O13).
  if (parts.length > 0) throw new ScheduleError('Wrong number of fields');
  return { weekdays, years, months, days, hours, minutes, seconds, zone };
}
