import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dateOfDay, dayOfDate, daysInMonth, SECONDS_PER_DAY, weekdayOfDay } from './date.ts';

test('days and dates agree with the language over 20,000 years', () => {
  fc.assert(
    fc.property(fc.integer({ min: -3_600_000, max: 3_600_000 }), (day) => {
      const date = new Date(day * SECONDS_PER_DAY * 1000);
      expect(dateOfDay(day)).toEqual({
        year: date.getUTCFullYear(),
        month: date.getUTCMonth() + 1,
        day: date.getUTCDate(),
      });
      const { year, month, day: dayOfMonth } = dateOfDay(day);
      expect(dayOfDate(year, month, dayOfMonth)).toBe(day);
      expect(weekdayOfDay(day)).toBe(date.getUTCDay());
    }),
    { numRuns: 2000 },
  );
});

test('month lengths', () => {
  expect([2023, 2024, 1900, 2000, 2100].map((year) => daysInMonth(year, 2))).toEqual([28, 29, 28, 29, 28]);
  expect(Array.from({ length: 12 }, (_, month) => daysInMonth(2023, month + 1))).toEqual([
    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31,
  ]);
});
