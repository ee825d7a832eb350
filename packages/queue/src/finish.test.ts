import { expect, test } from 'vitest';
import { finishOf } from './finish.ts';
import { GIVE_UP_AFTER } from './retry.ts';
import type { Claim, Outcome } from './types.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const CLAIM: Claim = {
  id: 7,
  code: '00000000-0000-4000-8000-000000000000',
  channelId: 3,
  checkId: 1,
  flipId: 2,
  checkStatus: 'down',
  attempts: 2,
  createdAt: NOW - 10_000,
  leaseEnds: 0,
};
const SENDING = { startedAt: NOW - 1500, duration: 1499.6 };

test.each<[string, Outcome, typeof SENDING | null, object]>([
  [
    'delivered',
    { result: 'sent', answer: '200' },
    SENDING,
    { state: 'sent', error: '', entry: { at: NOW - 1500, ms: 1500, answer: '200' }, delay: 0, startedAt: NOW - 1500 },
  ],
  [
    'nothing to send: the channel keeps its record',
    { result: 'dropped', answer: 'gone' },
    null,
    { state: 'dropped', error: '', entry: { at: NOW, ms: 0, answer: 'gone' }, startedAt: null, duration: 0 },
  ],
  [
    'another attempt: the third waits 2 to 4 seconds',
    { result: 'retry', error: 'Connection failed' },
    SENDING,
    {
      state: 'owed',
      error: 'Connection failed',
      entry: { at: NOW - 1500, ms: 1500, answer: 'Connection failed' },
      delay: 3000,
    },
  ],
  [
    'not before the receiver wants it, and that is remembered',
    { result: 'retry', error: 'busy', retryAfter: 60_000 },
    SENDING,
    { state: 'owed', delay: 60_000, entry: { at: NOW - 1500, ms: 1500, answer: 'busy', retry_after: 60_000 } },
  ],
  [
    'the receiver wants it after the day is over: given up',
    { result: 'retry', error: 'busy', retryAfter: GIVE_UP_AFTER },
    SENDING,
    { state: 'failed', error: 'busy', delay: 0, disable: false },
  ],
  [
    'four attempts at most: there is one more',
    { result: 'retry', error: 'garbage', atMost: 4 },
    SENDING,
    { state: 'owed', error: 'garbage', delay: 3000 },
  ],
  [
    'three attempts at most: this was the last',
    { result: 'retry', error: 'garbage', atMost: 3 },
    SENDING,
    { state: 'failed', error: 'garbage', delay: 0, disable: false },
  ],
  [
    'refused',
    { result: 'failed', error: 'no', disable: false },
    SENDING,
    { state: 'failed', error: 'no', disable: false },
  ],
  [
    'refused for good',
    { result: 'failed', error: 'gone', disable: true },
    SENDING,
    { state: 'failed', error: 'gone', disable: true },
  ],
  [
    'given up without sending: the channel shows why',
    { result: 'failed', error: 'Connection failed', disable: false },
    null,
    { state: 'failed', startedAt: NOW, duration: 0, entry: { at: NOW, ms: 0, answer: 'Connection failed' } },
  ],
  [
    'a text that no column could hold',
    { result: 'retry', error: `\0${'x'.repeat(199)}😀 and more` },
    SENDING,
    { error: `${'x'.repeat(199)}\ufffd`, entry: { at: NOW - 1500, ms: 1500, answer: `${'x'.repeat(199)}\ufffd` } },
  ],
])('%s', (_, outcome, sending, expected) => {
  expect(finishOf(CLAIM, outcome, sending, NOW, 0.5)).toMatchObject({ id: 7, channelId: 3, ...expected });
});
