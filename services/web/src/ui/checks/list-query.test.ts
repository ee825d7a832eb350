import type { CheckRow } from '@overdue/operations';
import { describe, expect, it } from 'vitest';
import { type Listed, sorted, statusCounts, tagState, tagSummaries } from './list-query.ts';

const check = (tags: string, status: Listed['status'], started = false): Listed => ({
  check: { tags } as CheckRow,
  status,
  started,
});

describe('the order of the list', () => {
  const checks = (
    [
      [1, 'web-10', 'up', 300],
      [2, 'Web-9', 'up', 100],
      [3, 'zeta', 'down', 900],
      [4, '', 'new', null],
      [5, 'alpha', 'grace', 200],
      [6, 'beta', 'down', 50],
    ] as const
  ).map(([id, name, status, last_ping]) => ({ ...check('', status), check: { id, name, last_ping } as CheckRow }));

  it.each([
    ['created', [3, 6, 1, 2, 4, 5]],
    ['name', [6, 3, 4, 5, 2, 1]],
    ['-name', [3, 6, 1, 2, 5, 4]],
    ['last_ping', [6, 3, 2, 5, 1, 4]],
    ['-last_ping', [3, 6, 4, 1, 5, 2]],
  ] as const)('by %s: what is down first, what was never pinged as the newest (CS-3)', (sort, ids) => {
    expect(sorted(checks, sort).map(({ check: { id } }) => id)).toEqual(ids);
  });
});

describe('what the filters above the list say', () => {
  it('counts a check under its status, and under "running" besides', () => {
    const counts = statusCounts([check('', 'up'), check('', 'down', true), check('', 'grace'), check('', 'down')]);
    expect(counts).toEqual({ new: 0, up: 1, started: 1, grace: 1, down: 2, paused: 0 });
  });

  it('gives a tag the worst status among its checks', () => {
    const all = [check('a b', 'up'), check('a c', 'grace'), check('c', 'down'), check('c c', 'up')];
    expect(tagSummaries(all).map((summary) => [summary.tag, tagState(summary)])).toEqual([
      ['a', { state: 'grace', words: '1 of 2 late' }],
      ['b', { state: 'up', words: '1 up' }],
      ['c', { state: 'down', words: '1 of 3 down' }],
    ]);
  });
});
