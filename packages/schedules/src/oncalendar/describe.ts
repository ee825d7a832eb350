import { dayFromEndWords, dayWords, monthWords, weekdayItems, yearWords } from '../words/date.ts';
import { listed } from '../words/list.ts';
import { timeWords } from '../words/time.ts';
import { YEAR } from './fields.ts';
import { type OnCalendarLine, parseOnCalendar } from './parse.ts';

/**
 * An OnCalendar expression in English: `At 09:00, on Monday through Friday (time zone Europe/Riga)`.
 * @throws {ScheduleError} when it does not parse.
 */
export function describeOnCalendar(expr: string): string {
  const [first, ...more] = parseOnCalendar(expr).map(lineWords);
  return [first, ...more.map((words) => words.charAt(0).toLowerCase() + words.slice(1))].join('; and ');
}

function lineWords(line: OnCalendarLine): string {
  const { weekdays, days, months, years, zone } = line;
  const byDate =
    days.values.size === 31 ? '' : `, on ${days.fromEnd ? dayFromEndWords(days.values) : dayWords(days.values)}`;
  const byWeekday =
    weekdays === null || weekdays.size === 7
      ? ''
      : `, ${byDate === '' ? '' : 'only '}on ${listed(weekdayItems(weekdays))}`;
  const dates = byDate + byWeekday + monthWords(months) + yearWords(years, YEAR.max - YEAR.min + 1);
  return timeWords(line) + dates + (zone === null ? '' : ` (time zone ${zone})`);
}
