import { expect, test } from 'vitest';
import { RecentlyUsed } from './recently-used.ts';

test('the recently used stay, the others go, and there are never more than twice the size', () => {
  const cache = new RecentlyUsed<{ n: number }>(3);
  cache.set('kept', { n: 0 });
  for (let n = 1; n <= 20; n++) {
    cache.set(`k${n}`, { n });
    expect(cache.get('kept')).toEqual({ n: 0 });
  }
  expect(cache.get('k1')).toBeUndefined();
  expect(cache.get('k20')).toEqual({ n: 20 });
  const alive = Array.from({ length: 20 }, (_, n) => cache.get(`k${n + 1}`)).filter((value) => value !== undefined);
  expect(alive.length).toBeLessThanOrEqual(6);
});
