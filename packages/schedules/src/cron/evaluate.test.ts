import { describe, expect, test } from 'vitest';
import { compileSchedule } from '../index.ts';

/** The first `count` occurrences after `start` as local wall times `MM-DD HH:MM` with the offset. */
function local(expr: string, tz: string, start: string, count: number): string[] {
  const found: string[] = [];
  for (const instant of compileSchedule('cron', expr, tz).occurrences(Date.parse(start))) {
    const parts = new Intl.DateTimeFormat('sv-SE', {
      timeZone: tz,
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      timeZoneName: 'longOffset',
    }).formatToParts(instant);
    const part = (type: string) => parts.find((candidate) => candidate.type === type)?.value;
    const offset = part('timeZoneName')?.replace('GMT', '').replace('−', '-') || '+00:00';
    found.push(`${part('month')}-${part('day')} ${part('hour')}:${part('minute')} ${offset}`);
    if (found.length === count) break;
  }
  return found;
}

const march = '2021-03-28T01:40:00+02:00';
const october = '2021-10-31T01:40:00+03:00';

describe('F4: times of their own over Riga’s changes', () => {
  test.each([
    ['15 3 * * *', march, ['03-28 04:00 +03:00', '03-29 03:15 +03:00']],
    [
      '30 1-5 * * *',
      march,
      ['03-28 02:30 +02:00', '03-28 04:00 +03:00', '03-28 04:30 +03:00', '03-28 05:30 +03:00', '03-29 01:30 +03:00'],
    ],
    ['0 1-5 * * *', march, ['03-28 02:00 +02:00', '03-28 04:00 +03:00', '03-28 05:00 +03:00']],
    ['0 1-5 * * *', october, ['10-31 02:00 +03:00', '10-31 03:00 +03:00', '10-31 04:00 +02:00', '10-31 05:00 +02:00']],
    ['30 3 * * *', october, ['10-31 03:30 +03:00', '11-01 03:30 +02:00']],
  ])('%s', (expr, start, expected) => expect(local(expr, 'Europe/Riga', start, expected.length)).toEqual(expected));
});

describe('F5: gaps of any length and at midnight', () => {
  test.each([
    ['0 12 * * *', 'Pacific/Apia', '2011-12-29T12:00:00-10:00', ['12-31 00:00 +14:00', '12-31 12:00 +14:00']],
    ['15 2 * * *', 'Australia/Lord_Howe', '2025-10-05T00:00:00+10:30', ['10-05 02:30 +11:00', '10-06 02:15 +11:00']],
    ['10 1,2 * * *', 'Antarctica/Troll', '2025-03-30T00:00:00Z', ['03-30 03:00 +02:00', '03-31 01:10 +02:00']],
    ['30 0 * * *', 'Africa/Cairo', '2024-04-25T12:00:00+02:00', ['04-26 01:00 +03:00', '04-27 00:30 +03:00']],
    ['0 0 * * *', 'America/Santiago', '2025-09-06T12:00:00-04:00', ['09-07 01:00 -03:00', '09-08 00:00 -03:00']],
    ['0 0 * * *', 'America/Havana', '2025-11-01T12:00:00-04:00', ['11-02 00:00 -04:00', '11-03 00:00 -05:00']],
  ])('%s in %s', (expr, tz, start, expected) => expect(local(expr, tz, start, expected.length)).toEqual(expected));
});

test('F1: a search that begins in the last second before a gap sees the gap', () => {
  expect(local('5 3 * * *', 'Europe/Riga', '2021-03-28T02:59:59+02:00', 1)).toEqual(['03-28 04:00 +03:00']);
  expect(local('0 0-23 * * *', 'Europe/Riga', '2021-03-28T02:59:59.5+02:00', 1)).toEqual(['03-28 04:00 +03:00']);
});

test('F6: from within the second pass, what only the first pass had is over', () => {
  const start = '2021-10-31T03:30:00+02:00';
  expect(local('45 3 * * *', 'Europe/Riga', start, 1)).toEqual(['11-01 03:45 +02:00']);
  expect(local('*/5 3 * * *', 'Europe/Riga', start, 1)).toEqual(['10-31 03:35 +02:00']);
  expect(local('50 0-23 * * *', 'Europe/Riga', start, 1)).toEqual(['10-31 04:50 +02:00']);
});

describe('R7: running schedules follow real time over Riga’s changes', () => {
  test.each([
    ['*/30 * * * *', '2021-03-28T02:10:00+02:00', ['03-28 02:30 +02:00', '03-28 04:00 +03:00', '03-28 04:30 +03:00']],
    ['30 */2 * * *', '2021-03-28T02:10:00+02:00', ['03-28 02:30 +02:00', '03-28 04:30 +03:00']],
    ['* 3 * * *', march, ['03-29 03:00 +03:00', '03-29 03:01 +03:00']],
    [
      '*/15 3 * * *',
      october,
      [
        ...[0, 15, 30, 45].map((minute) => `10-31 03:${String(minute).padStart(2, '0')} +03:00`),
        ...[0, 15, 30, 45].map((minute) => `10-31 03:${String(minute).padStart(2, '0')} +02:00`),
        '11-01 03:00 +02:00',
      ],
    ],
    ['0 * * * *', october, ['10-31 02:00 +03:00', '10-31 03:00 +03:00', '10-31 03:00 +02:00', '10-31 04:00 +02:00']],
    ['0 */3 * * *', october, ['10-31 03:00 +03:00', '10-31 03:00 +02:00', '10-31 06:00 +02:00']],
  ])('%s', (expr, start, expected) => expect(local(expr, 'Europe/Riga', start, expected.length)).toEqual(expected));
});

test('R6: Cairo’s imaginary midnight', () => {
  expect(local('*/15 0 * * 5', 'Africa/Cairo', '2024-04-25T12:00:00+02:00', 2)).toEqual([
    '04-26 01:00 +03:00',
    '05-03 00:00 +03:00',
  ]);
  expect(local('*/15 0 * * *', 'Africa/Cairo', '2024-04-25T12:00:00+02:00', 1)).toEqual(['04-27 00:00 +03:00']);
});

describe('R8: the half hours of Lord Howe', () => {
  const tz = 'Australia/Lord_Howe';
  test.each([
    ['*/10 2 * * *', '2025-04-06T00:30:00+11:00', ['04-06 02:30 +10:30', '04-06 02:40 +10:30', '04-06 02:50 +10:30']],
    // From within the second pass: R3 steps back to 01:00, an hour after which it is 01:30 again.
    ['*/10 2 * * *', '2025-04-06T01:40:00+10:30', ['04-06 02:30 +10:30']],
    ['* 3 * * *', '2025-10-05T00:30:00+10:30', ['10-05 03:30 +11:00', '10-05 03:31 +11:00']],
    ['0 */2 * * *', '2025-04-05T23:30:00+11:00', ['04-06 00:00 +11:00', '04-06 04:00 +10:30']],
    [
      '*/15 * * * *',
      '2025-04-06T01:20:00+11:00',
      ['04-06 01:30 +11:00', '04-06 01:45 +11:00', '04-06 01:30 +10:30', '04-06 01:45 +10:30', '04-06 02:00 +10:30'],
    ],
  ])('%s', (expr, start, expected) => expect(local(expr, tz, start, expected.length)).toEqual(expected));
});

describe('an overlap that begins off the hour cannot send a running schedule round and round', () => {
  // St John's, 2007-11-04: 00:01 (-02:30) back to 23:01 (-03:30) of the day before.
  test.each([
    ['30 * * * 0', ['11-04 00:30 -03:30', '11-04 01:30 -03:30']],
    ['*/30 0 * * *', ['11-04 00:00 -02:30', '11-04 00:00 -03:30', '11-04 00:30 -03:30', '11-05 00:00 -03:30']],
  ])('%s', (expr, expected) =>
    expect(local(expr, 'America/St_Johns', '2007-11-03T22:00:00-02:30', expected.length)).toEqual(expected),
  );
});

test('the midnight that a running schedule goes to is the second one when the first is over', () => {
  expect(local('*/10 * * * 0', 'America/St_Johns', '2007-11-03T23:25:00-03:30', 2)).toEqual([
    '11-04 00:00 -03:30',
    '11-04 00:10 -03:30',
  ]);
});

test('E1: whole seconds, strictly after the start', () => {
  const next = (start: string) => {
    const found = compileSchedule('cron', '0 12 * * *', 'UTC').next(Date.parse(start));
    return found === null ? null : new Date(found).toISOString();
  };
  expect(next('2025-01-01T12:00:00.000Z')).toBe('2025-01-02T12:00:00.000Z');
  expect(next('2025-01-01T12:00:00.900Z')).toBe('2025-01-02T12:00:00.000Z');
  expect(next('2025-01-01T11:59:59.900Z')).toBe('2025-01-01T12:00:00.000Z');
});

describe('C8 on the calendar', () => {
  const daysOf = (expr: string, count: number) =>
    local(expr, 'UTC', '2024-12-31T12:00:00Z', count).map((text) => text.slice(0, 5));
  test.each([
    // January 2025 begins on a Wednesday.
    ['0 0 13 * MON', ['01-06', '01-13', '01-20', '01-27', '02-03', '02-10', '02-13']],
    ['0 0 1-31 * MON', ['01-01', '01-02', '01-03']],
    ['0 0 1,* * MON', ['01-01', '01-02']],
    ['0 0 *,1 * MON', ['01-06', '01-13']],
    ['0 0 */10 * MON', ['03-31', '04-21', '07-21']],
    ['0 0 1-7 * */7', ['01-05', '02-02', '03-02']],
    ['0 0 LW * *', ['01-31', '02-28', '03-31', '04-30', '05-30', '06-30']],
    ['0 0 L * *', ['01-31', '02-28', '03-31']],
    ['0 0 29 2 *', ['02-29', '02-29']],
    ['0 0 * * 5#5', ['01-31', '05-30', '08-29']],
    ['0 0 * * 6L', ['01-25', '02-22', '03-29']],
  ])('%s', (expr, expected) => expect(daysOf(expr, expected.length)).toEqual(expected));
});

test('E5: what cannot match within 50 years is never', () => {
  expect(compileSchedule('cron', '0 0 */29 2 MON#5', 'Europe/Riga').next(0)).toBeNull();
  expect(compileSchedule('cron', '* * */29 2 MON#5', 'Europe/Riga').next(0)).toBeNull();
});
