import { describe, expect, test } from 'vitest';
import { ScheduleError } from '../error.ts';
import { parseCron } from './parse.ts';

const sorted = (values: ReadonlySet<number>) => [...values].sort((a, b) => a - b);
const minutes = (text: string) => sorted(parseCron(`${text} 0 1 1 *`).minutes);
const months = (text: string) => sorted(parseCron(`0 0 1 ${text} *`).months);
const days = (text: string) => parseCron(`0 0 ${text} * *`).daysOfMonth;
const weekdays = (text: string) => parseCron(`0 0 * * ${text}`).daysOfWeek;

function errorOf(expr: string): string | null {
  try {
    parseCron(expr);
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(ScheduleError);
    return (error as ScheduleError).message;
  }
}

describe('C6: plain items', () => {
  test.each([
    ['5', [5]],
    ['00005', [5]],
    ['1,2,59', [1, 2, 59]],
    ['58-59', [58, 59]],
    ['5-5', [5]],
    ['*/20', [0, 20, 40]],
    ['*/100', [0]],
    ['*/99999999999999999999', [0]],
    ['*/1000000000000000000000', [0]],
    ['1,7/1000000000000000000000', [1, 7]],
    ['59/2', [59]],
    ['50/4', [50, 54, 58]],
    ['10-20/5', [10, 15, 20]],
    ['10-20/4', [10, 14, 18]],
    ['2-2/3', Array.from({ length: 20 }, (_, index) => 2 + 3 * index)],
    ['5,*/30,10-11', [0, 5, 10, 11, 30]],
    ['*,7', Array.from({ length: 60 }, (_, index) => index)],
    ['*,*,*,*,*,*,*,*', Array.from({ length: 60 }, (_, index) => index)],
  ])('minute %s', (text, values) => expect(minutes(text)).toEqual(values));

  test.each([
    ['jan', [1]],
    ['Jan-MAR', [1, 2, 3]],
    ['OCT/1', [10, 11, 12]],
    ['NOV-NOV/1', [11, 12]],
    ['1,dec', [1, 12]],
  ])('month %s', (text, values) => expect(months(text)).toEqual(values));
});

describe('day-of-month', () => {
  const none = { days: new Set(), lastDay: false, lastWorkday: false };
  test.each([
    ['31/4', { ...none, days: new Set([31]) }],
    ['*/31', { ...none, days: new Set([1]) }],
    ['*/77', { ...none, days: new Set([1]) }],
    ['L', { ...none, lastDay: true }],
    ['l/3', { ...none, lastDay: true }],
    ['lw', { ...none, lastWorkday: true }],
    ['LW/9', { ...none, lastWorkday: true }],
    ['1,L', { ...none, days: new Set([1]), lastDay: true }],
    ['L,LW', { ...none, lastDay: true, lastWorkday: true }],
    ['15,LW', { ...none, days: new Set([15]), lastWorkday: true }],
  ])('%s', (text, expected) => expect(days(text)).toEqual(expected));
});

describe('day-of-week, 0 and 7 for Sunday', () => {
  test.each([
    ['7', [0]],
    ['0-7', [0, 1, 2, 3, 4, 5, 6]],
    ['5-7', [0, 5, 6]],
    ['SUN-SAT', [0, 1, 2, 3, 4, 5, 6]],
    ['fri', [5]],
    ['MON/2', [0, 1, 3, 5]],
    ['1/2', [0, 1, 3, 5]],
    ['*/2', [0, 2, 4, 6]],
    ['*/7', [0]],
    ['7/2', [0]],
    ['SUN-SUN/3', [0, 3, 6]],
  ])('%s', (text, every) => {
    expect(sorted(weekdays(text).every)).toEqual(every);
    expect(weekdays(text).nth).toEqual([]);
    expect(weekdays(text).last.size).toBe(0);
  });

  test('n-th and last', () => {
    expect(weekdays('1,2,3#1')).toEqual({ every: new Set([1, 2]), last: new Set(), nth: [{ weekday: 3, n: 1 }] });
    expect(weekdays('5L,mon#02')).toEqual({ every: new Set(), last: new Set([5]), nth: [{ weekday: 1, n: 2 }] });
    expect(weekdays('007l,7#5')).toEqual({ every: new Set(), last: new Set([0]), nth: [{ weekday: 0, n: 5 }] });
  });
});

test('C1: any white space, also outside', () => {
  expect(parseCron('\t 1\n2   3\u00a0*\r\n* ').texts).toEqual(['1', '2', '3', '*', '*']);
});

test.each([
  ['0 0 1 * 1', false],
  ['0 0 1 * *', true],
  ['0 0 * * 1', true],
  ['0 0 */2 * 1', true],
  ['0 0 1 * */2', true],
  ['0 0 *,5 * 1', true],
  ['0 0 1,* * 1', false],
  ['0 0 1-31 * 1', false],
])('C8: in %j both day fields must match: %s', (expr, both) => {
  expect(parseCron(expr).bothDayFields).toBe(both);
});

test.each([
  ['0 3 * * *', true],
  ['15 0-23 * * *', true],
  ['0-59/5 2 * * *', true],
  ['* 3 * * *', false],
  ['*/5 2 * * *', false],
  ['30 * * * *', false],
  ['0 */3 * * *', false],
  ['*,7 4 * * *', false],
  ['7,* 4 * * *', true],
])('E3: %j is of fixed time: %s', (expr, fixed) => expect(parseCron(expr).fixedTime).toBe(fixed));

describe('C11: what is refused, and with which words', () => {
  test.each<[expr: string, message: string]>([
    ['', 'Wrong number of fields'],
    ['* * * *', 'Wrong number of fields'],
    ['* * * * * *', 'Wrong number of fields'],
    ['@daily', 'Wrong number of fields'],
    ...[
      '60',
      '-1',
      '+1',
      '1_0',
      '1.5',
      '٣',
      '1-',
      '-',
      '*-5',
      '5*',
      '**',
      '?',
      'H',
      '~',
      '1-2-3',
      '5-1',
      'JAN',
      'L',
    ].map((text): [string, string] => [`${text} * * * *`, 'Bad minute']),
    ...['*/0', '*/00', '*/', '/5', '1/2/3', '*/x', '*/-1', ',1', '1,', '1,,2'].map((text): [string, string] => [
      `${text} * * * *`,
      'Bad minute',
    ]),
    ...['24', '22-2', 'MON'].map((text): [string, string] => [`0 ${text} * * *`, 'Bad hour']),
    ...['0', '32', 'L-3', '15W', 'WL', 'LWL', 'L/0', 'LW/', 'L/x', '1-L', '?'].map((text): [string, string] => [
      `0 0 ${text} * *`,
      'Bad day-of-month',
    ]),
    ...['0', '13', 'NOV-FEB', 'JANUARY', 'JANFEB', 'JA', 'MON', '1/0'].map((text): [string, string] => [
      `0 0 * ${text} *`,
      'Bad month',
    ]),
    ...['8', 'L', 'FRIL', '5L-6', '5L/2', '5L#1', '8L', 'LL', '1-5L', 'MONDAY', 'FRI-MON', 'SAT-SUN', '6-0'].map(
      (text): [string, string] => [`0 0 * * ${text}`, 'Bad day-of-week'],
    ),
    ...['1#6', '1#0', '#1', '1#', '1-5#1', '1#2/3', '1#1#1', '8#1', 'JAN'].map((text): [string, string] => [
      `0 0 * * ${text}`,
      'Bad day-of-week',
    ]),
  ])('%j: %s', (expr, message) => expect(errorOf(expr)).toBe(message));

  test('the first field that fails is named', () => expect(errorOf('0 99 99 99 99')).toBe('Bad hour'));
});

describe('C9: days that no listed month has', () => {
  test.each(['0 0 30 2 *', '0 0 31 4,6,9,11 *', '0 0 30 2 MON', '0 0 30,31 FEB */2', '0 0 31 2,4 *'])('%s', (expr) =>
    expect(errorOf(expr)).toBe('Bad day-of-month'),
  );
  test.each(['0 0 29,31 2 *', '0 0 29 2 *', '0 0 L,31 2 *', '0 0 31 2,3 *', '0 0 30 2,4 *', '0 0 LW,30 2 *'])(
    '%s is fine',
    (expr) => expect(errorOf(expr)).toBeNull(),
  );
});
