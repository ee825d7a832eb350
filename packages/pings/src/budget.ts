import type { Milliseconds } from '@overdue/clock';

/*
 * PING_DB_TIMEOUT_MS is how long a ping waits for the database, from its arrival: look-up, the turn of its batch and the
 * commit together. The first three quarters are for whatever comes first; the last is kept for the commit of a ping that
 * has waited before, so that one slow answer does not send the next batch to the spool as well.
 */
const FIRST = 0.75;

/** How long looking up its check may take. */
export function lookUpPatience(timeoutMs: Milliseconds): Milliseconds {
  return FIRST * timeoutMs;
}

/**
 * How long a transaction may take whose oldest ping arrived `age` ago; null: no time is left, to the spool.
 * (A negative age is a clock that was set back.)
 */
export function commitPatience(timeoutMs: Milliseconds, age: Milliseconds): Milliseconds | null {
  if (age >= timeoutMs) return null;
  return Math.max(FIRST * timeoutMs - Math.max(age, 0), (1 - FIRST) * timeoutMs);
}

/** How long the journal of coalesced pings may take: where the disk hangs, they go to the database, and need time for that. */
export function journalPatience(timeoutMs: Milliseconds): Milliseconds {
  return (1 - FIRST) * timeoutMs;
}

/** How long a ping with `create=1` waits for its check to be made; then there is time to ask whether the database is there. */
export function provisionPatience(timeoutMs: Milliseconds): Milliseconds {
  return FIRST * FIRST * timeoutMs;
}
