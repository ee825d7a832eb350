import { describe, expect, test } from 'vitest';
import { describeSchedule, ScheduleError } from './index.ts';

describe('cron', () => {
  test.each([
    ['* * * * *', 'Every minute'],
    ['*,5 * * * *', 'Every minute'],
    ['*/5 * * * *', 'Every 5 minutes'],
    ['0-59/5 2 * * *', 'Every 5 minutes, between 02:00 and 02:59'],
    ['007 003 * * *', 'At 03:07'],
    ['0 9-17 * * 1-5', 'Every hour, between 09:00 and 17:00, on Monday through Friday'],
    ['30 4 1 * MON', 'At 04:30, on day 1 of the month or on Monday'],
    ['0 0 1-7 * */7', 'At 00:00, on days 1 through 7 of the month, only on Sunday'],
    ['0 0 1-31 * MON', 'At 00:00'],
    ['0 0 *,1 * MON', 'At 00:00, on Monday'],
    [
      '0 0 L,15,LW 6,7,8,12 *',
      'At 00:00, on day 15 of the month, the last day of the month and the last Monday-to-Friday day of the month, only in June through August and December',
    ],
    ['0 0 * * 5L,1#2', 'At 00:00, on the second Monday of the month and the last Friday of the month'],
    ['0 0 * * 1,2,3#1', 'At 00:00, on Monday, Tuesday and the first Wednesday of the month'],
    ['0 0 29 2 *', 'At 00:00, on day 29 of the month, only in February'],
  ])('%s', (expr, words) => expect(describeSchedule('cron', expr)).toBe(words));
});

describe('OnCalendar', () => {
  test.each([
    ['hourly', 'Every hour'],
    ['*:0/15', 'Every 15 minutes'],
    ['*:*:0/10', 'Every 10 seconds'],
    ['Mon..Fri 9:00', 'At 09:00, on Monday through Friday'],
    ['Sun *~7/1', 'At 00:00, on the last 7 days of the month, only on Sunday'],
    ['*~3,5 10:00:30', 'At 10:00:30, on the 3rd-last and 5th-last days of the month'],
    ['*~1', 'At 00:00, on the last day of the month'],
    ['2025-12-24 18:00', 'At 18:00, on day 24 of the month, only in December, only in 2025'],
    [
      '12:00 Europe/Riga\n*-01,07-01 0:0 UTC',
      'At 12:00 (time zone Europe/Riga); and at 00:00, on day 1 of the month, only in January and July (time zone UTC)',
    ],
  ])('%j', (expr, words) => expect(describeSchedule('oncalendar', expr)).toBe(words));
});

test('what does not parse has no words', () => {
  expect(() => describeSchedule('cron', 'x')).toThrow(ScheduleError);
  expect(() => describeSchedule('oncalendar', '* * * * *')).toThrow(ScheduleError);
});
