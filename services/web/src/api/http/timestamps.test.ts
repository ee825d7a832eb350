import fc from 'fast-check';
import { expect, test } from 'vitest';
import { preciseTimestamp, timestamp } from './timestamps.ts';

test('UTC to the second, cut off', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (instant) => {
      expect(timestamp(instant)).toBe(`${new Date(instant).toISOString().slice(0, 19)}+00:00`);
    }),
  );
});

test.each([
  ['2026-11-21T07:05:02.564Z', '2026-11-21T07:05:02.564000+00:00'],
  ['2026-11-21T07:05:00.000Z', '2026-11-21T07:05:00+00:00'],
])('%s to the microsecond: %s', (instant, text) => {
  expect(preciseTimestamp(Date.parse(instant))).toBe(text);
});
