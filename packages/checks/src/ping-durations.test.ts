import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_RUN_MS, missedStarts, type PingFacts, pingDurations } from './ping-durations.ts';
import { HOUR, MINUTE, utc } from './testing.ts';

const T = utc('2026-03-01');

/** Pings written oldest first as `kind minute [run]`, numbered from `first`; listed newest first, as the API does. */
function list(first: number, ...texts: string[]): PingFacts[] {
  return texts
    .map((text, i) => {
      const [kind, minute, rid] = text.split(' ');
      return {
        n: first + i,
        kind: kind as PingFacts['kind'],
        rid: rid ?? null,
        created_at: T + Number(minute) * MINUTE,
      };
    })
    .reverse();
}
/** Durations in minutes by n. */
const minutes = (page: PingFacts[], beyond?: PingFacts[]) =>
  Object.fromEntries([...pingDurations(page, beyond)].map(([n, ms]) => [n, ms / MINUTE]));

test.each<[string, string[], Record<number, number>]>([
  ['nothing', [], {}],
  ['the first ping has none (P-45)', ['success 0'], {}],
  ['start and success', ['start 0', 'success 5'], { 2: 5 }],
  ['start and fail', ['start 0', 'fail 5'], { 2: 5 }],
  ['only success and fail have one', ['start 0', 'log 1', 'ign 2', 'start 3', 'success 5'], { 5: 2 }],
  ['two starts: the later counts', ['start 0', 'start 3', 'success 5'], { 3: 2 }],
  ['one start serves one ping', ['start 0', 'success 5', 'success 6'], { 2: 5 }],
  ['logs and ignored pings are skipped', ['start 0', 'log 1', 'ign 2', 'success 5'], { 4: 5 }],
  ['runs by run id', ['start 0 a', 'start 1 b', 'success 5 a', 'success 7 b'], { 3: 5, 4: 6 }],
  ['no run id is a run id', ['start 0', 'success 5 a', 'success 7'], { 3: 7 }],
  ['72 hours are too long', ['start 0 a', 'start 1 b', 'success 4320 a', 'success 4320 b'], { 4: 4319 }],
  ['a start applied late is not the start', ['start 5', 'success 3'], {}],
  ['nor does an end from before it end its run', ['start 5', 'success 3', 'fail 4', 'success 9'], { 4: 4 }],
  ['of that run id', ['start 5 a', 'success 3 a', 'success 9 a', 'success 10 a'], { 3: 4 }],
])('%s', (_, texts, durations) => {
  expect(minutes(list(1, ...texts))).toEqual(durations);
});

describe('starts beyond the page', () => {
  const page = list(50, 'log 0', 'success 5', 'success 6', 'success 7 a', 'start 8 b', 'success 9 b');

  test('are missed by the first success or fail of a run id', () => {
    expect(missedStarts(page)!.map((ping) => ping.n)).toEqual([51, 53]);
    expect(minutes(page)).toEqual({ 55: 1 });
  });

  test('are used when found', () => {
    expect(minutes(page, list(40, 'start -5 a', 'start -10'))).toEqual({ 51: 15, 53: 12, 55: 1 });
    expect(minutes(page, list(40, 'start -5 a', 'success -10'))).toEqual({ 53: 12, 55: 1 });
    expect(minutes(page, list(40, 'start -20', 'success -10'))).toEqual({ 55: 1 });
    expect(minutes(page, list(40, 'start -4320', 'start -4310 a'))).toEqual({ 53: 4317, 55: 1 });
  });

  test('are not looked for 72 hours after the oldest ping', () => {
    const long = list(50, 'log 0', 'success 4319 a', 'success 4320 b');
    expect(missedStarts(long)!.map((ping) => ping.n)).toEqual([51]);
    expect(missedStarts([])).toEqual([]);
  });

  test('at most ten, or the page has no durations at all (P-48)', () => {
    const runs = (count: number) => Array.from({ length: count }, (_, i) => `success ${i} run${i}`);
    const own = ['start 20', 'success 21'];
    expect(missedStarts(list(50, ...runs(10), ...own))).toHaveLength(10);
    expect(minutes(list(50, ...runs(10), ...own))).toEqual({ 61: 1 });
    expect(missedStarts(list(50, ...runs(11), ...own))).toBeNull();
    expect(minutes(list(50, ...runs(11), ...own), list(1, 'start -1 run0'))).toEqual({});
  });
});

test('each is what looking back for the nearest bound of the run gives (P-46)', () => {
  const ping = fc.record({
    kind: fc.constantFrom('success' as const, 'fail' as const, 'start' as const, 'log' as const, 'ign' as const),
    rid: fc.constantFrom(null, 'a', 'b'),
    wait: fc.integer({ min: 0, max: 40 }),
  });
  fc.assert(
    fc.property(fc.array(ping, { maxLength: 30 }), fc.nat(30), (drawn, cut) => {
      let at = T;
      const all = drawn.map(({ kind, rid, wait }, i) => {
        at += wait * HOUR;
        return { n: i + 1, kind, rid, created_at: at };
      });
      const durations = pingDurations(all.slice(cut).reverse(), all.slice(0, cut).reverse());
      for (const { n, kind, rid, created_at } of all.slice(cut)) {
        const before = all.findLast((p) => p.n < n && p.rid === rid && ['start', 'success', 'fail'].includes(p.kind));
        const length = before?.kind === 'start' ? created_at - before.created_at : MAX_RUN_MS;
        const has = (kind === 'success' || kind === 'fail') && length < MAX_RUN_MS;
        expect(durations.get(n)).toBe(has ? length : undefined);
      }
    }),
  );
});
