import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDuration, parseDuration } from './duration.ts';

test('durations', () => {
  fc.assert(fc.property(fc.nat(40_000_000), (n) => parseDuration(formatDuration(n)) === n));
  expect(['1h30', 'h', '', '1 h 1', '-1s', '1.5h', '1H', '-1', '1.5', '1e3', '0x5A', null].map(parseDuration)).toEqual(
    Array(12).fill(null),
  );
  expect(['90', '90s', '1h 30m', '1d2h', '1w', ' 5 m '].map(parseDuration)).toEqual([
    90, 90, 5400, 93_600, 604_800, 300,
  ]);
});
