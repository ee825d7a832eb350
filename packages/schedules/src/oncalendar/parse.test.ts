import { describe, expect, test } from 'vitest';
import { ScheduleError } from '../error.ts';
import { parseOnCalendar } from './parse.ts';

const sorted = (values: ReadonlySet<number>) => [...values].sort((a, b) => a - b);
const line = (text: string) => parseOnCalendar(text)[0]!;

function errorOf(expr: string): string | null {
  try {
    parseOnCalendar(expr);
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(ScheduleError);
    return (error as ScheduleError).message;
  }
}

describe('O11: numbers', () => {
  test.each([
    ['5', [5]],
    ['00005', [5]],
    ['0/15', [0, 15, 30, 45]],
    ['50/4', [50, 54, 58]],
    ['5..8', [5, 6, 7, 8]],
    ['5..5', [5]],
    ['5..5/20', [5, 25, 45]],
    ['10..20/4', [10, 14, 18]],
    ['1,50/7,3..5', [1, 3, 4, 5, 50, 57]],
    ['0/99999999999999999999', [0]],
  ])('minute %s', (text, values) => expect(sorted(line(`*:${text}`).minutes)).toEqual(values));

  test('O9: years of two digits', () => {
    expect(sorted(line('99..05-1-1').years)).toEqual([1999, 2000, 2001, 2002, 2003, 2004, 2005]);
    expect(sorted(line('0069,70-1-1').years)).toEqual([1970, 2069]);
    expect(line('2190/3-1-1').years).toEqual(new Set([2190, 2193, 2196, 2199]));
  });
});

describe('days from the end', () => {
  test.each([
    ['*~1', [1]],
    ['*-05~3', [3]],
    ['05~03', [3]],
    ['2025-*~3', [3]],
    ['*~1,8', [1, 8]],
    ['*~7/1', [1, 2, 3, 4, 5, 6, 7]],
    ['*~7/2', [1, 3, 5, 7]],
    ['*~1..7/2', [1, 3, 5, 7]],
    ['*~1..8/3', [2, 5, 8]],
    ['*~29..31', [29, 30, 31]],
    ['*~5..5/2', [1, 3, 5]],
  ])('%s', (text, values) => {
    expect(line(text).days.fromEnd).toBe(true);
    expect(sorted(line(text).days.values)).toEqual(values);
  });
});

describe('weekdays', () => {
  test.each([
    ['mon', [1]],
    ['Sunday', [0]],
    ['Mon..Fri', [1, 2, 3, 4, 5]],
    ['Mon-Fri', [1, 2, 3, 4, 5]],
    ['Sat..Sun', [0, 6]],
    ['SAT,sun,', [0, 6]],
    ['Mon,,', [1]],
    ['Mon,Wed..thursday', [1, 3, 4]],
  ])('%s', (text, values) => expect(sorted(line(text).weekdays!)).toEqual(values));
});

describe('O2, O3, O7: the parts of a line', () => {
  test.each([
    ['12:30', null],
    ['12:30 Europe/Riga', 'Europe/Riga'],
    ['12:30 \tUTC', 'UTC'],
    ['Mon *-*-* 12:30  Etc/GMT+3', 'Etc/GMT+3'],
    ['hourly EST', 'EST'],
    ['12:30 America/Coyhaique', 'America/Coyhaique'],
  ])('%j has the zone %s', (text, zone) => expect(line(text).zone).toBe(zone));

  test('defaults: any weekday, any date, midnight', () => {
    expect(line('Mon')).toMatchObject({ hours: new Set([0]), minutes: new Set([0]), seconds: new Set([0]) });
    expect(line('12:30')).toMatchObject({ weekdays: null, hours: new Set([12]), seconds: new Set([0]) });
    expect(line('12-24')).toMatchObject({ months: new Set([12]), days: { values: new Set([24]), fromEnd: false } });
    expect(line('12-24').years.size).toBe(230);
    expect(line('1:2:3').seconds).toEqual(new Set([3]));
  });

  test('several lines, with either line ending, each trimmed', () => {
    expect(parseOnCalendar(' 1:00 \r\n\t2:00 UTC\n').map((each) => each.zone)).toEqual([null, 'UTC']);
  });
});

describe('O5: words', () => {
  test.each([
    ['minutely', '*-*-* *:*:00'],
    ['Hourly', '*:00'],
    ['daily', '00:00'],
    ['WEEKLY', 'Mon'],
    ['monthly', '*-*-01'],
    ['quarterly', '1,4,7,10-1'],
    ['semiannually', '1,7-1'],
    ['yearly', '1-1'],
    ['annually', '1-1'],
  ])('%s is %s', (word, long) => expect(line(word)).toEqual(line(long)));
});

describe('O13: what is refused, and with which words', () => {
  test.each([
    ['', 'Wrong number of fields'],
    [' \n ', 'Wrong number of fields'],
    ['12:00\n\n13:00', 'Wrong number of fields'],
    ['Fri Mon', 'Wrong number of fields'],
    ['Mon\t12:00\tUTC', 'Wrong number of fields'],
    ['UTC', 'Bad day-of-week'],
    ['12:00 utc', 'Bad day-of-week'],
    ['12:00 EDT', 'Bad day-of-week'],
    ['12:00 Z', 'Bad day-of-week'],
    ['12:00 America', 'Bad day-of-week'],
    ['12:00 +02:00', 'Bad hour'],
    ['daily\tUTC', 'Bad day-of-week'],
    ['daily 12:00', 'Bad day-of-week'],
    ['Mon daily', 'Wrong number of fields'],
    ['@daily', 'Bad day-of-week'],
    ['biannually', 'Bad day-of-week'],
    ['12:00 Mon', 'Bad day-of-week'],
    ['2025-01-01T12:00', 'Bad hour'],
    ['12', 'Bad day-of-week'],
    ['1:2:3:4', 'Bad time'],
    ['1:', 'Bad minute'],
    ['*/5:00', 'Bad hour'],
    ['24:00', 'Bad hour'],
    ['12:60', 'Bad minute'],
    ['12:00:60', 'Bad second'],
    ['12:00:00.5', 'Bad second'],
    ['12:*/5', 'Bad minute'],
    ['12:*,1', 'Bad minute'],
    ['12:0/0', 'Bad minute'],
    ['12:1/2/3', 'Bad minute'],
    ['12:5..1', 'Bad minute'],
    ['12:1..2..3', 'Bad minute'],
    ['12:1,,2', 'Bad minute'],
    ['*-1-1-1', 'Bad date'],
    ['*-*-*~3', 'Bad date'],
    ['100-1-1', 'Bad year'],
    ['1969-1-1', 'Bad year'],
    ['2200-1-1', 'Bad year'],
    ['2024..2023-1-1', 'Bad year'],
    ['13-1', 'Bad month'],
    ['*-Jan-1', 'Bad month'],
    ['0-1', 'Bad month'],
    ['1-0', 'Bad day-of-month'],
    ['1-32', 'Bad day-of-month'],
    ['1-1..*', 'Bad day-of-month'],
    ['*~0', 'Bad day-of-month'],
    ['*~29', 'Bad day-of-month'],
    ['*~1,29', 'Bad day-of-month'],
    ['*~31/2', 'Bad day-of-month'],
    ['*~*/2', 'Bad day-of-month'],
    ['*~1,~8', 'Bad month'],
    ['~3', 'Bad day-of-week'],
    ['Fri..Mon', 'Bad day-of-week'],
    ['Sun..Tue', 'Bad day-of-week'],
    ['Thurs', 'Bad day-of-week'],
    ['Mo', 'Bad day-of-week'],
    ['1', 'Bad day-of-week'],
    ['Mon/2', 'Bad day-of-week'],
    ['Mon,,Tue', 'Bad day-of-week'],
    [',', 'Bad day-of-week'],
    ['* *-*-* 00:00', 'Bad day-of-week'],
  ])('%j: %s', (expr, message) => expect(errorOf(expr)).toBe(message));

  test('a wrong line among right ones', () => expect(errorOf('12:00\n25:00')).toBe('Bad hour'));
});
