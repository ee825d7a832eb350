import { expect, test } from 'vitest';
import { ago } from './ago.ts';

const NOW = Date.UTC(2026, 2, 31, 12);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

test.each([
  [-5000, 'now'],
  [999, 'now'],
  [1000, 'a second ago'],
  [59_999, '59 seconds ago'],
  [60_000, 'a minute ago'],
  [119_999, 'a minute ago'],
  [120_000, '2 minutes ago'],
  [HOUR, 'an hour ago'],
  [DAY - 1, '23 hours ago'],
  [DAY, '1 day ago'],
  [DAY + HOUR, '1 day, 1 hour ago'],
  [6 * DAY + 23 * HOUR, '6 days, 23 hours ago'],
  [7 * DAY, '1 week ago'],
  [7 * DAY + 23 * HOUR, '1 week ago'],
  [10 * DAY, '1 week, 3 days ago'],
  [28 * DAY - 1, '3 weeks, 6 days ago'],
  [31 * DAY, '1 month ago'],
  [40 * DAY, '1 month, 1 week ago'],
  [365 * DAY - 1, '11 months, 4 weeks ago'],
  [365 * DAY, '1 year ago'],
  [400 * DAY, '1 year, 1 month ago'],
])('%i ms: %s', (age, text) => {
  expect(ago(NOW - age, NOW)).toBe(text);
});

test('a month has passed on its last day, when it has no such day as the first', () => {
  expect(ago(Date.UTC(2026, 0, 31, 12), Date.UTC(2026, 1, 28, 12))).toBe('1 month ago');
  expect(ago(Date.UTC(2026, 0, 31, 12), Date.UTC(2026, 1, 28, 11))).toBe('3 weeks, 6 days ago');
});
