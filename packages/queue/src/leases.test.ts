import { beforeEach, expect, test } from 'vitest';
import { Leases } from './leases.ts';
import type { Claim } from './types.ts';

let leases: Leases;
beforeEach(() => {
  leases = new Leases();
});

function claim(more: Partial<Claim> = {}): Claim {
  return {
    id: 1,
    code: '',
    channelId: 1,
    checkId: 1,
    flipId: 1,
    checkStatus: 'down',
    attempts: 0,
    createdAt: 0,
    leaseEnds: 5000,
    ...more,
  };
}

test('lasts until its end, and longer when renewed', () => {
  const one = claim();
  expect(leases.take(one)).toBe(true);
  expect([leases.lasts(one, 4999), leases.lasts(one, 5000)]).toEqual([true, false]);
  leases.renewed(leases.asked(), { ids: new Set([1]), until: 9000 });
  expect([leases.lasts(one, 8999), leases.lasts(one, 9000)]).toEqual([true, false]);
});

test('what a renewal does not name is somebody else’s', () => {
  const [one, two] = [claim(), claim({ id: 2 })];
  leases.take(one);
  leases.take(two);
  leases.renewed(leases.asked(), { ids: new Set([2]), until: 9000 });
  expect([leases.lasts(one, 1), leases.lasts(two, 1)]).toEqual([false, true]);
});

test('a renewal says nothing about what was claimed while it was under way', () => {
  const one = claim();
  leases.take(one);
  const asked = leases.asked();
  leases.letGo(one);
  const anew = claim({ leaseEnds: 6000 });
  leases.take(anew);
  leases.renewed(asked, { ids: new Set(), until: 9000 });
  expect(leases.lasts(anew, 5999)).toBe(true);
});

test('claimed again while it is being dealt with: that goes on, with the new lease', () => {
  const one = claim();
  leases.take(one);
  const asked = leases.asked();
  expect(leases.take(claim({ leaseEnds: 20_000 }))).toBe(false);
  leases.renewed(asked, { ids: new Set(), until: 9000 });
  expect([leases.lasts(one, 19_999), leases.size]).toEqual([true, 1]);
});

test('another attempt takes the place of one that was lost', () => {
  const lost = claim();
  leases.take(lost);
  const next = claim({ attempts: 1, leaseEnds: 20_000 });
  expect(leases.take(next)).toBe(true);
  expect([leases.isCurrent(lost), leases.isCurrent(next)]).toEqual([false, true]);
  leases.letGo(lost);
  expect(leases.lasts(next, 6000)).toBe(true);
  leases.letGo(next);
  expect(leases.size).toBe(0);
});
