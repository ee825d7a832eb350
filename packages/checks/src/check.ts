import type { Instant, ScheduleKind } from '@overdue/schedules';

/** Stored status. "grace" (late) and "started" are computed when shown, never stored (status-and-alerting.md M1). */
export type Status = 'new' | 'up' | 'down' | 'paused';

/** What a ping says; `ign` is a ping that was logged but not believed (filters, sticky pause). */
export type PingKind = 'success' | 'start' | 'fail' | 'log' | 'ign';

/** When a check's pings are expected. */
export interface ScheduleFields {
  readonly kind: 'simple' | ScheduleKind;
  /** Period of a simple check, in seconds. */
  readonly timeout: number;
  /** How long a ping may be late, and how long a started run may take, in seconds. */
  readonly grace: number;
  /** Expression of a cron or OnCalendar check; not looked at for simple ones. */
  readonly schedule: string;
  /** Zone of `schedule`, a name of the tz database. */
  readonly tz: string;
}

/**
 * The part of a check that the state machine reads and writes. Field names are the columns of the table `checks`, so a
 * row is one. Functions that return a check return every other field of the row they were given, too.
 */
export interface CheckState extends ScheduleFields {
  readonly status: Status;
  /** While paused, no ping revives it. */
  readonly manual_resume: boolean;
  /** Pings of every kind, ever. The newest ping's `n`. */
  readonly n_pings: number;
  /** Newest success or fail. */
  readonly last_ping: Instant | null;
  /** Start of the run in progress; null when none is. Stays set when the run times out, until a ping ends it. */
  readonly last_start: Instant | null;
  /** Run id of `last_start`; means nothing while that is null. */
  readonly last_start_rid: string | null;
  /** How long the run took that the newest success or fail ended, in milliseconds; null when it ended none. */
  readonly last_duration_ms: number | null;
  /** When it goes down unless something happens; null: never. */
  readonly alert_after: Instant | null;
}

/** The fields that decide how late a check is. */
export type LatenessFields = ScheduleFields & Pick<CheckState, 'status' | 'last_ping' | 'last_start'>;

/** A change of stored status. */
export interface Flip {
  /** When it took effect: the ping's instant, or the deadline that passed. */
  readonly at: Instant;
  readonly old_status: Status;
  readonly new_status: Status;
  readonly reason: '' | 'timeout' | 'fail';
  /** False when nobody is ever told: pause, resume, a schedule edit (H1, H2, H5). */
  readonly notify: boolean;
  /** What was known when it was decided; stored with the flip. */
  readonly decision: Decision;
}

/** A check after an event, and the flip to record in the same transaction, if any. */
export interface Transition<C extends CheckState = CheckState> {
  readonly check: C;
  readonly flip: Flip | null;
}

/**
 * The facts behind a flip, for "why did it alert?". Instants are epoch milliseconds; names end in their unit otherwise.
 * Types, not interfaces, so that they pass as `Record<string, unknown>`.
 */
export type Decision = PingDecision | LatenessDecision | ManualDecision;

/** A success or fail ping. `last_ping` and `last_start` are those from before it. */
export type PingDecision = {
  readonly rule: 'success' | 'fail';
  /** The ping's `n`. */
  readonly ping: number;
  readonly at: Instant;
  readonly rid: string | null;
  readonly last_ping: Instant | null;
  readonly last_start: Instant | null;
};

/** What makes a check late when. */
export type LatenessFacts = {
  /** `timeout`: no ping in time; `run-timeout`: a started run did not end in time. Null: nothing is awaited. */
  readonly rule: 'timeout' | 'run-timeout' | null;
  readonly kind: ScheduleFields['kind'];
  /** Period in seconds; simple checks only. */
  readonly timeout_s?: number;
  /** Cron and OnCalendar checks only, like `tz`. */
  readonly schedule?: string;
  readonly tz?: string;
  readonly grace_s: number;
  readonly last_ping: Instant | null;
  readonly last_start: Instant | null;
  /** When the ping was due; null: never, or the check is not up. */
  readonly expected: Instant | null;
  /** When it goes down. */
  readonly deadline: Instant | null;
  /** Stretches in which we took no pings that moved the deadline, and where it was before. */
  readonly held?: { readonly gaps: readonly (readonly [from: Instant, until: Instant])[]; readonly deadline: Instant };
};

export type LatenessDecision = LatenessFacts & {
  readonly rule: 'timeout' | 'run-timeout';
  /** Up to when pings were known to be complete. */
  readonly judged_at: Instant;
};

export type ManualDecision = {
  readonly rule: 'pause' | 'resume' | 'edit';
  /** Of an edit: the deadline that the new schedule gives, already past. */
  readonly deadline?: Instant;
};
