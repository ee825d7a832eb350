import { VirtualClock } from '@overdue/clock';
import { expect, test } from 'vitest';
import { FreshReader } from './freshness.ts';

/** A reader whose every reading takes `cost` ms of the clock and answers how many there have been. */
function counting(cost: number) {
  const clock = new VirtualClock(0);
  const read: string[][] = [];
  const reader = new FreshReader<number>(clock, async (keys) => {
    read.push([...keys].sort());
    clock.jumpTo(clock.now() + cost);
    return new Map(keys.filter((key) => key !== 'nobody').map((key) => [key, read.length]));
  });
  return { clock, read, reader };
}

test('while reading is cheap, every answer is read anew', async () => {
  const { read, reader } = counting(0.1);
  for (let i = 1; i <= 100; i++) expect(await reader.get('a')).toBe(i);
  expect(read).toHaveLength(100);
});

test('when a tenth of the time goes into reading, answers come from memory, for a second at most', async () => {
  const { clock, read, reader } = counting(50);
  const seen: (number | null)[] = [];
  for (let i = 0; i < 400; i++) {
    seen.push(await reader.get('a'));
    clock.jumpTo(clock.now() + 10);
  }
  // What there is to begin with, and what is added meanwhile, is spent after three readings; then about two a second.
  expect(seen.slice(0, 6)).toEqual([1, 2, 3, 3, 3, 3]);
  expect(read.length).toBeLessThan(15);
  expect(read.length).toBeGreaterThan(4);
});

test('what is older than a second is read, whatever that costs', async () => {
  const { clock, read, reader } = counting(5000);
  await reader.get('a');
  expect(await reader.get('a')).toBe(2); // already too old
  clock.jumpTo(clock.now() + 1);
  expect(read).toHaveLength(2);
});

test('whoever comes during a reading waits for the next one, all together', async () => {
  const clock = new VirtualClock(0);
  const read: string[][] = [];
  let finish = () => {};
  const reader = new FreshReader<string>(clock, async (keys) => {
    read.push([...keys].sort());
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    return new Map(keys.map((key) => [key, `${key}${read.length}`]));
  });
  const first = reader.get('a');
  await expect.poll(() => read.length).toBe(1);
  const others = ['a', 'b', 'c', 'b'].map((key) => reader.get(key));
  finish();
  expect(await first).toBe('a1');
  await expect.poll(() => read.length).toBe(2);
  finish();
  expect(await Promise.all(others)).toEqual(['a2', 'b2', 'c2', 'b2']);
  expect(read).toEqual([['a'], ['a', 'b', 'c']]);
});

test('what does not exist is remembered like everything else', async () => {
  const { read, reader } = counting(200);
  expect(await reader.get('nobody')).toBeNull();
  expect(await reader.get('nobody')).toBeNull();
  expect(await reader.get('nobody')).toBeNull();
  expect(read.length).toBe(1);
});

test('a reading that fails is an error for those who waited, and for nobody else', async () => {
  const clock = new VirtualClock(0);
  let away = true;
  const reader = new FreshReader<number>(clock, async (keys) => {
    if (away) throw new Error('away');
    return new Map(keys.map((key) => [key, 1]));
  });
  const results = await Promise.allSettled([reader.get('a'), reader.get('b')]);
  expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected']);
  away = false;
  expect(await reader.get('a')).toBe(1);
});
