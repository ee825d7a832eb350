import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GIVE_UP_AFTER, nextDelay } from './retry.ts';

test.each([
  [1, 0, 500],
  [1, 1, 1000],
  [2, 0, 1000],
  [5, 0, 8000],
  [12, 0, 1_024_000],
  [13, 0, 1_800_000],
  [40, 1, 3_600_000],
])('after attempt %i, with chance %d: %i ms', (attempts, random, expected) => {
  expect(nextDelay(attempts, 0, undefined, random)).toBe(expected);
});

test('Retry-After is a lower bound', () => {
  expect(nextDelay(1, 0, 30_000, 0.5)).toBe(30_000);
  expect(nextDelay(13, 0, 30_000, 0)).toBe(1_800_000);
});

test('given up when the next attempt would come after 24 hours', () => {
  expect(nextDelay(30, GIVE_UP_AFTER - 3_600_000, undefined, 1)).toBe(3_600_000);
  expect(nextDelay(30, GIVE_UP_AFTER - 1000, undefined, 0)).toBeNull();
  expect(nextDelay(1, 0, GIVE_UP_AFTER + 1, 0)).toBeNull();
});

test('a message that fails all the time gets a bounded number of attempts, all within 24 hours', () => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })), (chances) => {
      let age = 0;
      let attempts = 1;
      for (const chance of chances) {
        const delay = nextDelay(attempts, age, undefined, chance);
        if (delay === null) break;
        age += delay;
        attempts++;
      }
      expect(age).toBeLessThanOrEqual(GIVE_UP_AFTER);
      expect(age).toBeGreaterThan(GIVE_UP_AFTER - 3_600_001);
      expect(attempts).toBeLessThan(70);
      expect(attempts).toBeGreaterThan(30);
    }),
    { numRuns: 50 },
  );
});
