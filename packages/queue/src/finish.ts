import type { Instant, Milliseconds } from '@overdue/clock';
import { storableText } from '@overdue/database';
import { nextDelay } from './retry.ts';
import type { Claim, LogEntry, NotificationState, Outcome } from './types.ts';

/** What to write about one attempt. */
export interface Finish {
  readonly id: number;
  readonly channelId: number;
  readonly state: NotificationState;
  readonly error: string;
  readonly entry: LogEntry;
  /** Until the next attempt; only with state `owed`. */
  readonly delay: Milliseconds;
  /** When sending began; null: nothing was sent, and the channel's record stays as it is. */
  readonly startedAt: Instant | null;
  readonly duration: Milliseconds;
  /** The channel is switched off. */
  readonly disable: boolean;
}

/** When an attempt began, and how long it took. */
export interface Sending {
  readonly startedAt: Instant;
  readonly duration: Milliseconds;
}

const LONGEST_TEXT = 200;

/**
 * What becomes of a message after an attempt at it.
 * @param sending null: it was decided without sending
 * @param random a number in [0, 1)
 */
export function finishOf(
  claim: Claim,
  outcome: Outcome,
  sending: Sending | null,
  now: Instant,
  random: number,
): Finish {
  const again = outcome.result === 'retry' ? outcome : null;
  const attempts = claim.attempts + 1;
  const delay =
    again && attempts < (again.atMost ?? Number.POSITIVE_INFINITY)
      ? nextDelay(attempts, now - claim.createdAt, again.retryAfter, random)
      : null;
  const error = 'error' in outcome ? storableText(outcome.error, LONGEST_TEXT) : '';
  return {
    id: claim.id,
    channelId: claim.channelId,
    state: outcome.result === 'retry' ? (delay === null ? 'failed' : 'owed') : outcome.result,
    error,
    entry: {
      at: sending?.startedAt ?? now,
      ms: Math.round(sending?.duration ?? 0),
      answer: 'answer' in outcome ? storableText(outcome.answer, LONGEST_TEXT) : error,
      ...(again?.retryAfter === undefined ? {} : { retry_after: again.retryAfter }),
    },
    delay: delay ?? 0,
    startedAt: outcome.result === 'dropped' ? null : (sending?.startedAt ?? now),
    duration: sending?.duration ?? 0,
    disable: outcome.result === 'failed' && outcome.disable,
  };
}
