import { systemClock } from '@overdue/clock';
import { expect, test } from 'vitest';
import type { BatchNumber } from './lanes.ts';
import type { ClaimedPings } from './submission.ts';
import { NO_EVENTS } from './testing.ts';
import { latePings } from './throttle.ts';
import { PingWriter } from './writer.ts';

const nothing = () => {};

test('thousands of windows that end while the database is away are bound together, not one fsync after another', async () => {
  const CHECKS = 3000;
  const bound: BatchNumber[] = [];
  const appended: BatchNumber[] = [];
  const writer = new PingWriter({
    clock: systemClock,
    open: () => {
      throw new Error('Nobody is to be asked');
    },
    lanes: ['01234567-89ab-4def-8123-456789abcdef'],
    timeoutMs: 2000,
    maxBatch: CHECKS,
    overflow: {
      async append(number) {
        // All of its claims are on disk by then.
        expect(bound).toEqual(Array(CHECKS).fill(number));
        appended.push(number);
      },
    },
    events: NO_EVENTS,
  });
  writer.goAway(null);
  // As when one fsync is for all of them: none is done before the last is asked for.
  let allAsked = nothing;
  const synced = new Promise<void>((resolve) => {
    allAsked = resolve;
  });
  const settled = Array.from({ length: CHECKS }, (_, checkId) => {
    const pings = latePings(checkId, [{ at: checkId, scheme: 'http', method: 'GET', remoteAddr: null, ua: '' }], 0);
    const claim: ClaimedPings = {
      bind(number) {
        if (bound.push(number) === CHECKS) allAsked();
        return synced;
      },
      answered: () => pings,
      done: nothing,
    };
    return Promise.all(pings.map((ping) => new Promise((settle) => writer.submit({ ping, claim, settle }))));
  });
  expect(new Set((await Promise.all(settled)).flat())).toEqual(new Set(['recorded']));
  expect(appended).toHaveLength(1);
});
