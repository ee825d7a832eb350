import type { CheckState, LatenessFacts } from '@overdue/checks';
import type { Instant, Milliseconds } from '@overdue/clock';

/** Why a check did, or did not, alert at an instant: from its flips, pings, messages and the recorded gaps. */
export interface Explanation {
  readonly at: Instant;
  /** What was stored as the check's status then; null: it did not exist yet. */
  readonly status: CheckState['status'] | null;
  /**
   * What was awaited then, until when, and which gaps moved it: as a time-out decided it, or else by the schedule that
   * the check has now.
   */
  readonly lateness: LatenessFacts | null;
  /** Why there is no `lateness`: its schedule cannot be evaluated. */
  readonly brokenSchedule: string | null;
  /** The status change in force then. */
  readonly flip: ExplainedFlip | null;
  /** The next change after it. */
  readonly nextFlip: ExplainedFlip | null;
  /** Stretches without a receiving ingester that may have mattered. `until` null: still going on. */
  readonly gaps: readonly { readonly from: Instant; readonly until: Instant | null }[];
  /** The messages that `flip` made us owe. */
  readonly messages: readonly ExplainedMessage[];
  /** The check's channels that `flip` owed nothing, as they are set up now. */
  readonly notOwed: readonly { readonly channel: ExplainedChannel; readonly why: string }[];
  /** All of it in sentences, for people. */
  readonly sentences: readonly string[];
}

export interface ExplainedFlip {
  readonly at: Instant;
  readonly oldStatus: string;
  readonly newStatus: string;
  readonly reason: string;
  /** When it was written. */
  readonly recordedAt: Instant;
  /** What was known when it was decided; see `Decision` in packages/checks. */
  readonly decision: Record<string, unknown> | null;
}

export interface ExplainedChannel {
  readonly code: string;
  readonly kind: string;
  /** Its name, or what it is: an address, a host. Nothing secret. */
  readonly title: string;
}

export interface ExplainedMessage {
  readonly channel: ExplainedChannel;
  /** The delivery id that the receiver saw. */
  readonly code: string;
  readonly state: 'owed' | 'sent' | 'failed' | 'dropped';
  readonly error: string;
  readonly attempts: readonly { readonly at: Instant; readonly ms: Milliseconds; readonly answer: string }[];
  /** Only while owed. */
  readonly nextAttemptAt: Instant | null;
}
