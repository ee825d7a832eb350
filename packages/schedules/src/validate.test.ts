import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileSchedule, describeSchedule, guessScheduleKind, ScheduleError, validateSchedule } from './index.ts';

const NEVER = { ok: false, reason: 'No date ever matches' };

describe('S7: cron', () => {
  test.each(['* * * * *', '0 0 29 2 *', '0 0 */28 2 MON#5', ' \t0 0 L * * \n'])('%j is accepted', (expr) =>
    expect(validateSchedule('cron', expr)).toEqual({ ok: true }),
  );
  test.each([
    ['0 0 */100 * MON#2', NEVER],
    ['0 0 */29 2 MON#5', NEVER],
    ['0 0 31 2 *', { ok: false, reason: 'Bad day-of-month' }],
    ['* * * * * *', { ok: false, reason: 'Wrong number of fields' }],
    ['60 * * * *', { ok: false, reason: 'Bad minute' }],
  ])('%j is refused', (expr, verdict) => expect(validateSchedule('cron', expr)).toEqual(verdict));
});

describe('S8: OnCalendar', () => {
  // S10: long past, yet valid; and the first second of 2000 is not after it, save where that is later than in UTC.
  test.each(['2000-01-01 00:00:01', '2011-11-11', '2199-12-31', '2000-01-01 America/New_York', '*-2-29'])(
    '%j is accepted',
    (expr) => expect(validateSchedule('oncalendar', expr)).toEqual({ ok: true }),
  );
  test.each([
    ['2000-01-01', NEVER],
    ['1999-12-31', NEVER],
    ['2000-01-01 Asia/Tokyo', NEVER],
    ['*-2-30', NEVER],
    ['2025-02-29', NEVER],
    ['* * * * *', { ok: false, reason: 'Bad day-of-week' }],
  ])('%j is refused', (expr, verdict) => expect(validateSchedule('oncalendar', expr)).toEqual(verdict));
});

test('S4: at most 100 characters, counted as characters', () => {
  const hundred = `${'0'.repeat(92)}1 * * * *`.slice(-100);
  expect(hundred).toHaveLength(100);
  expect(validateSchedule('cron', hundred)).toEqual({ ok: true });
  expect(validateSchedule('cron', `0${hundred}`)).toEqual({ ok: false, reason: 'Longer than 100 characters' });
});

test.each([
  ['* * * * *', 'cron'],
  ['  1\t2 3  4 5 ', 'cron'],
  ['Mon *-*-* 12:00 Europe/Riga x', 'cron'],
  ['* * * * * *', 'oncalendar'],
  ['* * * *', 'oncalendar'],
  ['* * *\n* *', 'oncalendar'],
  ['\n* * * * *\n', 'cron'],
  ['12:00', 'oncalendar'],
  ['', 'oncalendar'],
] as const)('S5: %j is taken for %s', (expr, kind) => expect(guessScheduleKind(expr)).toBe(kind));

describe('any text at all', () => {
  // Mostly pieces of the dialects, so that many parse and the rest fail everywhere.
  const piece = fc.constantFrom(
    ...'* , - / # L LW ~ .. : 0 1 5 7 31 59 60 99 2025 MON sun Jan DEC ? H W @daily hourly UTC Europe/Riga'.split(' '),
    ' ',
    ' ',
    ' ',
    '\n',
    '\t',
  );
  const text = fc.oneof(
    fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
    fc
      .array(fc.array(piece, { minLength: 1, maxLength: 3 }), { minLength: 5, maxLength: 5 })
      .map((fields) => fields.map((field) => field.join('').trim()).join(' ')),
    fc.string({ unit: 'binary', maxLength: 120 }),
  );
  const kind = fc.constantFrom('cron' as const, 'oncalendar' as const);

  test('is compiled or refused with a ScheduleError; what is accepted runs and has words', () => {
    fc.assert(
      fc.property(kind, text, fc.constantFrom('UTC', 'America/St_Johns'), (scheduleKind, expr, tz) => {
        const verdict = validateSchedule(scheduleKind, expr);
        try {
          const schedule = compileSchedule(scheduleKind, expr, tz);
          schedule.next(Date.UTC(2007, 10, 4, 2, 40));
          const words = describeSchedule(scheduleKind, expr);
          expect(words).not.toBe('');
          expect(words).not.toMatch(/undefined|NaN|null/);
        } catch (error) {
          if (!(error instanceof ScheduleError)) throw error;
          expect(verdict.ok).toBe(false);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
