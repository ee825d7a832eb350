import { expect, test } from 'vitest';
import { DEAD_AFTER, DEAD_AFTER_SPOOLING, IngesterWatch } from './ingester-watch.ts';

const LOOK = 1000;
const row = (spooling: boolean, seenAt = 1) => ({ id: 'one', seenAt, watermark: 0, spooling });

/** After how many milliseconds of looks a row that stands still counts as dead. @param interruptEvery milliseconds */
function diesAfter(spooling: boolean, interruptEvery = Number.POSITIVE_INFINITY): number {
  const watch = new IngesterWatch();
  for (let at = 0; at <= 2 * DEAD_AFTER_SPOOLING; at += LOOK) {
    if (at > 0 && at % interruptEvery === 0) watch.interrupted();
    if (watch.look([row(spooling)], at).dead.length > 0) return at;
  }
  return Number.POSITIVE_INFINITY;
}

test('who stands still is dead after ten seconds, after ten minutes if it was spooling', () => {
  expect(diesAfter(false)).toBe(DEAD_AFTER);
  expect(diesAfter(true)).toBe(DEAD_AFTER_SPOOLING);
});

test('looks that fail prove nothing, and do not keep a lost disk waited for without end', () => {
  expect(diesAfter(false, 5000)).toBe(Number.POSITIVE_INFINITY);
  // What passes around a look that fails does not count.
  const failures = DEAD_AFTER_SPOOLING / 60_000;
  const late = diesAfter(true, 60_000) - DEAD_AFTER_SPOOLING;
  expect(late).toBeGreaterThanOrEqual(failures * LOOK);
  expect(late).toBeLessThan(2 * DEAD_AFTER);
});

test('who falls silent while the database is away may have been spooling; after a moment without an answer it was not', () => {
  const diesAfterOutage = (length: number) => {
    const watch = new IngesterWatch();
    watch.look([row(false)], 0);
    for (let passed = LOOK; passed < length; passed += LOOK) watch.interrupted();
    for (let at = length; ; at += LOOK) if (watch.look([row(false)], at).dead.length > 0) return at - length;
  };
  expect(diesAfterOutage(60_000)).toBe(DEAD_AFTER_SPOOLING);
  expect(diesAfterOutage(2000)).toBe(DEAD_AFTER);
  // It hangs, and then answers after all.
  const mayHoldAfterHang = (length: number) => {
    const watch = new IngesterWatch();
    watch.look([row(false)], 0);
    watch.look([row(false)], length, length);
    for (let at = length + LOOK; ; at += LOOK) {
      const { silent, dead } = watch.look([row(false)], at);
      if (silent.length + dead.length > 0) return dead.length === 0;
    }
  };
  expect(mayHoldAfterHang(20_000)).toBe(true);
  expect(mayHoldAfterHang(2000)).toBe(false);
});

test('a sign of life counts anew', () => {
  const watch = new IngesterWatch();
  for (let at = 0; at < DEAD_AFTER; at += LOOK) watch.look([row(true)], at);
  expect(watch.look([row(false, 2)], DEAD_AFTER).dead).toEqual([]);
  for (let at = DEAD_AFTER; at < 2 * DEAD_AFTER; at += LOOK) expect(watch.look([row(false, 2)], at).dead).toEqual([]);
  expect(watch.look([row(false, 2)], 2 * DEAD_AFTER).dead).toHaveLength(1);
});
