import type { CheckRow } from '@overdue/operations';
import { describe, expect, it } from 'vitest';
import { type Listed, statusCounts, tagState, tagSummaries } from './list-query.ts';

const check = (tags: string, status: Listed['status'], started = false): Listed => ({
  check: { tags } as CheckRow,
  status,
  started,
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
