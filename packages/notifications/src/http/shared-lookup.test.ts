import { expect, test } from 'vitest';
import { type LookupAll, sharedLookup } from './shared-lookup.ts';

function setUp() {
  const asked: string[] = [];
  const pending: (() => void)[] = [];
  const clock = { now: 0, monotonic: () => clock.now };
  const lookup: LookupAll = (hostname, _options, callback) => {
    asked.push(hostname);
    pending.push(() => callback(null, [{ address: '192.0.2.1', family: 4 }]));
  };
  const shared = sharedLookup(clock, lookup);
  const resolve = (name: string) =>
    new Promise<string>((done) => shared(name, {}, (_, addresses) => done(addresses[0]!.address)));
  const answer = () => {
    for (const one of pending.splice(0)) one();
  };
  return { asked, clock, resolve, answer };
}

test('many ask for one name at once: one question', async () => {
  const { asked, resolve, answer } = setUp();
  const all = [resolve('a'), resolve('a'), resolve('b'), resolve('a')];
  expect(asked).toEqual(['a', 'b']);
  answer();
  expect(await Promise.all(all)).toEqual(Array(4).fill('192.0.2.1'));
});

test('an answer is used again for three seconds', async () => {
  const { asked, clock, resolve, answer } = setUp();
  const first = resolve('a');
  answer();
  await first;
  clock.now = 2999;
  await resolve('a');
  expect(asked).toEqual(['a']);
  clock.now = 3000;
  const later = resolve('a');
  expect(asked).toEqual(['a', 'a']);
  answer();
  await later;
});
