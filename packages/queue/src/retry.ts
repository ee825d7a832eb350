import type { Instant, Milliseconds } from '@overdue/clock';

/** After this long a message is given up: its row becomes a dead letter, which a person can resend. */
export const GIVE_UP_AFTER: Milliseconds = 24 * 3600 * 1000;
/** How long a message waits that was never tried, because its destination as a whole does not answer. */
const GIVE_UP_UNTRIED_AFTER: Milliseconds = 7 * GIVE_UP_AFTER;
const FIRST_DELAY: Milliseconds = 1000;
const LONGEST_DELAY: Milliseconds = 3600 * 1000;

/**
 * How long to wait for the next attempt: 1, 2, 4 … seconds, at most an hour, the upper half of each drawn at random so
 * that what failed together does not come back together. A receiver's Retry-After is a lower bound.
 * @param attempts attempts made so far, this one included (at least 1)
 * @param age how old the message is
 * @param random a number in [0, 1)
 * @returns null when the next attempt would come later than 24 h after the message was first owed
 */
export function nextDelay(
  attempts: number,
  age: Milliseconds,
  retryAfter: Milliseconds | undefined,
  random: number,
): Milliseconds | null {
  const full = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** Math.min(attempts - 1, 30));
  const delay = Math.round(Math.max(full / 2 + (full / 2) * random, retryAfter ?? 0));
  return age + delay > GIVE_UP_AFTER ? null : delay;
}

/**
 * True when a message is too old to be held back any longer. One that was never tried waits for its turn at its
 * destination, longer than one that was: what others met with there need not be what it would meet with.
 */
export function isTooOld(message: { readonly createdAt: Instant; readonly attempts: number }, now: Instant): boolean {
  return now - message.createdAt > (message.attempts > 0 ? GIVE_UP_AFTER : GIVE_UP_UNTRIED_AFTER);
}
