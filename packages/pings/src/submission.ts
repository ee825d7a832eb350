import type { BatchNumber } from './lanes.ts';
import type { Outcome, Ping } from './ping.ts';

/** A ping and whoever waits for its outcome. `settle` is called exactly once, and must not throw. */
export interface Submission {
  readonly ping: Ping;
  /** For pings that were answered before: see spool/journal.ts. Submissions of one claim are submitted in one go. */
  readonly claim?: ClaimedPings;
  /**
   * For pings with a `rulesVersion`: looks the check up again, and makes {@link ping} what it is by that, with
   * `rulesVersion` null.
   * @returns false: it leads to no check any more, and whoever submitted it has taken it back
   * @throws when the database is away
   */
  judgeAnew?(): Promise<boolean>;
  settle(outcome: Outcome): void;
}

/** The claim of submissions that carry pings which were answered before. */
export interface ClaimedPings extends Claim {
  /**
   * Those of them that were answered, once the claim is bound: the others, whose senders still wait, are answered by the
   * outcome of this write, and may be sent again. Empty: none were.
   */
  answered(): readonly Ping[];
}

/** Coalesced pings that go into a batch together. */
export interface Claim {
  /**
   * Puts on disk in which batch they go. To be awaited before that batch can be committed, or is spooled: whoever finds
   * the journal after a crash then knows whose number to look for. A later call replaces an earlier one. Never rejects,
   * and does not wait for a disk that hangs: without it, a crash at the wrong moment counts them twice, which is better
   * than not at all.
   */
  bind(number: BatchNumber): Promise<void>;
  /** They are committed, or in the spool. */
  done(): void;
}
