import type { PingKind } from '@overdue/checks';
import type { Instant } from '@overdue/clock';
import type { PingAction, PingAddress } from './path.ts';

/**
 * One ping, as every transport makes it: HTTP, e-mail, "ping now". Strings are already cut to what the log keeps
 * (P-17 to P-19) and free of NUL, which PostgreSQL's text does not take.
 */
export interface Ping {
  /** UUIDv7 made on receipt: the ping's identity in the log. */
  readonly id: string;
  /** When it was completely received. */
  readonly at: Instant;
  /** checks.id; null: not looked up yet, because the database was away. See {@link Ping.unresolved}. */
  readonly checkId: number | null;
  /** For `checkId` null: what the URL said, judged when the ping is replayed. */
  readonly unresolved: Unresolved | null;
  /** After the check's filters; `ign` for one that is logged but not believed. */
  readonly kind: PingKind;
  /**
   * checks.rules_version of what `checkId` and `kind` were judged by: should the check have another one when it is locked, the
   * ping met an edit, and is judged anew ({@link Submission.judgeAnew}). Null: it stays as it was judged, because that was
   * certainly after it was received, or because it was answered before it is written (spooled, coalesced).
   */
  readonly rulesVersion: number | null;
  readonly exitStatus: number | null;
  readonly rid: string | null;
  readonly scheme: string;
  readonly method: string;
  readonly remoteAddr: string | null;
  readonly ua: string;
  /** Raw bytes, already cut to PING_BODY_LIMIT; null: empty. */
  readonly body: Buffer | null;
  /**
   * Plain successes of the same check that were received just before this one, are counted with it, and are older than
   * what the log keeps: `n` jumps by this many. 0 but for pings that went through the throttle.
   */
  readonly skipped: number;
  /**
   * For a ping that is written some time after its answer: the check may have moved on in the meantime, and the ping must
   * not undo what came after it. `coalesced`: it waited in the throttle, which ends at once when anything else happens to
   * the check, so it did come before what the check knows now. `spooled`: nobody knows what came first but by the clock.
   */
  readonly late: false | 'coalesced' | 'spooled';
}

export interface Unresolved {
  readonly address: PingAddress;
  readonly action: PingAction;
  readonly create: boolean;
}

/** How a submitted ping ended. */
export type Outcome =
  /** Committed, or fsynced in the spool. */
  | 'recorded'
  /** Its check does not exist (any more). */
  | 'unknown'
  /** Several checks have its slug. */
  | 'ambiguous'
  /** Neither the database nor the spool could take it now: 503, try again. */
  | 'refused';

/**
 * Whether a ping says nothing but "still well": what the throttle may coalesce.
 * @param kind what it means to its check
 */
export function isPlainSuccess(kind: PingKind, ping: Pick<Ping, 'body' | 'rid' | 'exitStatus'>): boolean {
  return kind === 'success' && ping.body === null && ping.rid === null && ping.exitStatus === null;
}
