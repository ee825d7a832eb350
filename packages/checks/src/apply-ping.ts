import type { Instant } from '@overdue/schedules';
import type { CheckState, Flip, PingKind, Status, Transition } from './check.ts';
import { BrokenScheduleError, deadline, expectedAt, timedStart } from './lateness.ts';

/*
 * What a ping does to a check (ping-api.md §7, status-and-alerting.md §4).
 *
 * t = the ping's instant, T = period (cron, OnCalendar: read "the next scheduled time"), G = grace, r = the ping's run
 * id, S = last_start_rid; no run id equals no run id. "–" = unchanged, ∅ = null. Every ping counts in n_pings.
 *
 *   status         ping            status   flip             last_ping  last_start  last_duration  alert_after
 *   ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────
 *   new            success         up       new→up           t          *           *              as up
 *   up             success         up                        t          *           *              as up
 *   down           success         up       down→up          t          *           *              as up
 *   paused         success         up       paused→up        t          *           *              as up
 *   new            fail            down     new→down  fail   t          ∅           *              ∅
 *   up             fail            down     up→down   fail   t          ∅           *              ∅
 *   down           fail            down                      t          ∅           *              ∅
 *   paused         fail            down     paused→down fail t          ∅           *              ∅
 *   new, paused    start           –                         –          t, S := r   –              t + G
 *   up             start           –                         –          t, S := r   –              min(last_ping + T, t) + G
 *   down           start           –                         –          t, S := r   –              ∅
 *   any            log, ign        –                         –          –           –              –
 *   paused with manual_resume: every ping is recorded as ign
 *
 *   as up: (last_start = ∅ ? t + T : min(t + T, last_start)) + G
 *
 *   * a success or fail may end the run in progress:
 *     last_start  r and S      ping      last_start  last_duration
 *     ────────────────────────────────────────────────────────────
 *     ∅                        either    ∅           ∅
 *     set         r = S        either    ∅           t − last_start
 *     set         r ≠ S, r = ∅ success   ∅           ∅
 *     set         r ≠ S, r set success   –           ∅
 *     set         r ≠ S        fail      ∅           ∅
 *
 * Late arrivals. Spooled pings, and those of another ingester, may be applied after younger ones. The rule: a ping does
 * what it would have done in its place as far as the check still knows, and never undoes a younger one. Instants that
 * are equal are in order of application.
 *
 *   L1  A success or fail older than last_ping is logged and counted. Status, last_ping, last_duration stay.
 *   L2  It still ends the run in progress, by the table above, if that began at or before it (t ≥ last_start), or if the
 *       two carry the same run id.
 *   L3  A start older than last_ping or last_start is logged and counted, and arms nothing. If it is younger than
 *       last_start, the run in progress is no longer the latest, which alone is timed (P-40), and last_start becomes ∅:
 *       whether the late one still runs, nothing says.
 *   L4  A success or fail older than last_start, but not than last_ping, acts as if no run were in progress and leaves
 *       last_start alone: that run began after it. Two exceptions end the run, its duration unknown (∅): the two carry
 *       the same run id; or less than CLOCK_SKEW_MS lies between them, in which case it is more likely that the clocks
 *       of two hosts differ than that a younger run began meanwhile. (Wrong one way, a hung run is noticed by the next
 *       expected ping instead of its own time-out; wrong the other way is a false alert.)
 *   L5  A success older than the deadline that put the check down still brings it up, as it is not older than last_ping.
 */

/** How far the clocks of two ingesters may be apart without a quick run between them looking unfinished (L4). */
export const CLOCK_SKEW_MS = 60_000;

/** A ping as classified by `packages/pings` (URL, filters, exit status). */
export interface PingEvent {
  readonly kind: PingKind;
  /** Run id, a lower-case UUID. */
  readonly rid: string | null;
  /** When it was received. */
  readonly at: Instant;
}

export interface PingTransition<C extends CheckState = CheckState> extends Transition<C> {
  /** As to be recorded: `ign` when the pause is sticky (P1). The ping's n is `check.n_pings`. */
  readonly kind: PingKind;
  /** Why the schedule cannot be evaluated, or null. The ping counts all the same; only no next one is expected. */
  readonly problem: string | null;
}

/** Applies one ping. Never throws: a ping is not lost because its check is broken. */
export function applyPing<C extends CheckState>(check: C, ping: PingEvent): PingTransition<C> {
  const kind = check.status === 'paused' && check.manual_resume ? 'ign' : ping.kind;
  switch (kind) {
    case 'success':
    case 'fail':
      if (isNewest(check, ping)) return complete(check, kind, ping);
      return count(check, kind, endsRun(check, kind, ping, false) ? null : check.last_start, check.last_start_rid);
    case 'start':
      return count(check, kind, ...runAfterStart(check, ping));
    default:
      return count(check, kind, check.last_start, check.last_start_rid);
  }
}

/**
 * Applies `pings` plain successes (no run id, no body) of which the newest came at `lastAt`: the write throttle's sum.
 * The state is that of applying each; there is one flip at most, at `lastAt`.
 * @param pings how many, at least 1
 */
export function applyCoalesced<C extends CheckState>(check: C, pings: number, lastAt: Instant): PingTransition<C> {
  const last = applyPing(check, { kind: 'success', rid: null, at: lastAt });
  if (pings === 1) return last;
  // Only the first of them can have ended a run; those after it ended none (P-37).
  const ownDuration = last.check.last_ping === lastAt && last.kind === 'success';
  const n_pings = check.n_pings + pings;
  return {
    ...last,
    check: { ...last.check, n_pings, last_duration_ms: ownDuration ? null : last.check.last_duration_ms },
  };
}

/** Whether no success or fail younger than the ping has been applied. */
function isNewest({ last_ping }: CheckState, { at }: PingEvent): boolean {
  return last_ping === null || at >= last_ping;
}

/** `last_start` and `last_start_rid` after a start (L3). */
function runAfterStart(check: CheckState, ping: PingEvent): [Instant | null, string | null] {
  const { last_start, last_start_rid } = check;
  if (last_start !== null && ping.at < last_start) return [last_start, last_start_rid];
  return isNewest(check, ping) ? [ping.at, ping.rid] : [null, last_start_rid];
}

/** A success or fail that is the newest. */
function complete<C extends CheckState>(check: C, kind: 'success' | 'fail', { rid, at }: PingEvent): PingTransition<C> {
  const { status: old_status, last_start } = check;
  const status: Status = kind === 'success' ? 'up' : 'down';
  const ends = endsRun(check, kind, { rid, at }, true);
  const matched = ends && rid === check.last_start_rid && at >= last_start!;
  const still = ends ? null : last_start;
  const n_pings = check.n_pings + 1;
  let flip: Flip | null = null;
  if (status !== old_status) {
    flip = {
      at,
      old_status,
      new_status: status,
      reason: kind === 'fail' ? 'fail' : '',
      notify: true,
      decision: { rule: kind, ping: n_pings, at, rid, last_ping: check.last_ping, last_start },
    };
  }
  const after = { ...check };
  const changes: Changes = after;
  changes.status = status;
  changes.n_pings = n_pings;
  changes.last_ping = at;
  changes.last_start = still;
  changes.last_duration_ms = matched ? at - last_start! : null;
  changes.alert_after = null;
  if (status === 'down') return { check: after, flip, kind, problem: null };
  const expected = expectedOrProblem(after);
  changes.alert_after = deadline(expected.at, still, check.grace);
  return { check: after, flip, kind, problem: expected.problem };
}

/** A ping that says nothing about success: counted, with the run in progress that it leaves. */
function count<C extends CheckState>(
  check: C,
  kind: PingKind,
  last_start: Instant | null,
  last_start_rid: string | null,
): PingTransition<C> {
  const expected = expectedOrProblem(check);
  const before = deadline(expected.at, timedStart(check), check.grace);
  let alert_after = deadline(expected.at, timedStart({ status: check.status, last_start }), check.grace);
  // A stored deadline later than the state gives is an amnesty (amnesty.ts): such a ping does not end it, except that
  // a new run has its own time.
  if (alert_after !== null && before !== null && check.alert_after !== null && check.alert_after > before) {
    const started = last_start !== null && last_start !== check.last_start;
    const held = started ? Math.min(check.alert_after, last_start + check.grace * 1000) : check.alert_after;
    alert_after = Math.max(alert_after, held);
  }
  const after = { ...check };
  const changes: Changes = after;
  changes.n_pings = check.n_pings + 1;
  changes.last_start = last_start;
  changes.last_start_rid = last_start_rid;
  changes.alert_after = alert_after;
  return { check: after, flip: null, kind, problem: expected.problem };
}

/** Whether a success or fail ends the run in progress (§7.3, L2, L4); `newest`: it is not older than last_ping. */
function endsRun(
  check: CheckState,
  kind: 'success' | 'fail',
  { rid, at }: Pick<PingEvent, 'rid' | 'at'>,
  newest: boolean,
): boolean {
  const { last_start } = check;
  if (last_start === null) return false;
  const sameRun = rid === check.last_start_rid;
  if (sameRun && rid !== null) return true;
  if (!sameRun && kind === 'success' && rid !== null) return false;
  return at >= last_start || (newest && at > last_start - CLOCK_SKEW_MS);
}

/** What a ping changes. Assigning to a copy takes half the time of spreading the changes into it. */
type Changes = {
  -readonly [Field in
    | 'status'
    | 'n_pings'
    | 'last_ping'
    | 'last_start'
    | 'last_start_rid'
    | 'last_duration_ms'
    | 'alert_after']: CheckState[Field];
};

interface ExpectedOrProblem {
  readonly at: Instant | null;
  readonly problem: string | null;
}

const NOTHING_EXPECTED: ExpectedOrProblem = { at: null, problem: null };

function expectedOrProblem(check: CheckState): ExpectedOrProblem {
  if (check.status !== 'up' || check.last_ping === null) return NOTHING_EXPECTED;
  try {
    return { at: expectedAt(check), problem: null };
  } catch (error) {
    if (error instanceof BrokenScheduleError) return { at: null, problem: error.message };
    throw error;
  }
}
