import { expect, test } from 'vitest';
import { VirtualClock } from './index.ts';

test('timers fire in order of their due time, and a sleeper gets to run before the next one', async () => {
  const clock = new VirtualClock(1000);
  const seen: string[] = [];
  clock.after(20, () => seen.push(`b@${clock.now()}`));
  void (async () => {
    await clock.sleep(10);
    seen.push(`a@${clock.now()}`);
    await clock.sleep(5);
    seen.push(`a2@${clock.now()}`);
  })();
  const ticker = clock.every(8, () => seen.push(`t@${clock.now()}`));
  await clock.advance(20);
  expect(seen).toEqual(['t@1008', 'a@1010', 'a2@1015', 't@1016', 'b@1020']);
  ticker.cancel();
  expect(clock.nextDue()).toBeUndefined();
});

test('an aborted sleep resolves at once', async () => {
  const clock = new VirtualClock(0);
  const stop = new AbortController();
  const sleeping = clock.sleep(1e9, stop.signal);
  stop.abort();
  await sleeping;
  expect(clock.now()).toBe(0);
});
