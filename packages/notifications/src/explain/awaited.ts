import { applyPing, type CheckState, explainLateness, type LatenessFacts, type PingKind } from '@overdue/checks';
import type { Instant } from '@overdue/clock';
import type { Sql } from '@overdue/database';
import { z } from 'zod';
import type { ExplainedFlip } from './explanation.ts';

/** What a check knew of its pings at an instant. */
export type PingsKnown = Pick<CheckState, 'last_ping' | 'last_start'>;

/**
 * What was awaited when `status` was in force. The decision of a time-out says it best: it holds the schedule as it was
 * then, which may have been edited since. Without one it is worked out, by the schedule that the check has now.
 * @param flip in force then; @param nextFlip the next one
 * @throws {BrokenScheduleError}
 */
export function latenessAt(
  at: Instant,
  check: CheckState,
  known: PingsKnown,
  flip: ExplainedFlip | null,
  nextFlip: ExplainedFlip | null,
  gaps: readonly { readonly from: Instant; readonly until: Instant | null }[],
): LatenessFacts {
  const decided = flip && decisionOf(flip);
  if (decided) return decided;
  const toCome = nextFlip && decisionOf(nextFlip);
  if (toCome && (toCome.last_ping ?? at) <= at && (toCome.last_start ?? at) <= at) return toCome;
  // Down, it awaits nothing; what it awaited before is the question.
  const before = flip?.newStatus === 'down' && flip.reason === 'timeout' ? flip.oldStatus : flip?.newStatus;
  const status = (before ?? nextFlip?.oldStatus ?? check.status) as CheckState['status'];
  const ended = gaps.flatMap(({ from, until }) => (until === null ? [] : [{ from, until }]));
  return explainLateness({ ...check, ...known, status }, ended);
}

const instant = z.number();
const timeOut = z.object({
  rule: z.enum(['timeout', 'run-timeout']),
  kind: z.enum(['simple', 'cron', 'oncalendar']),
  timeout_s: z.number().exactOptional(),
  schedule: z.string().exactOptional(),
  tz: z.string().exactOptional(),
  grace_s: z.number(),
  last_ping: instant.nullable(),
  last_start: instant.nullable(),
  expected: instant.nullable(),
  deadline: instant,
  held: z.object({ gaps: z.array(z.tuple([instant, instant])), deadline: instant }).exactOptional(),
});

/** The facts of a time-out; null: it is none, or was written before they were stored whole. */
function decisionOf(flip: ExplainedFlip): LatenessFacts | null {
  return flip.reason === 'timeout' ? (timeOut.safeParse(flip.decision).data ?? null) : null;
}

/**
 * What the check knew of its pings at `at`: its log, played through the state machine that it went through then, so that
 * late arrivals, run ids, pauses and resumes count as they did.
 */
export async function pingsKnownAt(sql: Sql, checkId: number, check: CheckState, at: Instant): Promise<PingsKnown> {
  const [last] = await sql<{ paused: Instant | null; resumed: Instant | null }[]>`
    select max(created_at) filter (where new_status = 'paused') as paused,
           max(created_at) filter (where old_status = 'paused' and new_status = 'new') as resumed
    from flips where check_id = ${checkId} and created_at <= ${at}`;
  const paused = last?.paused ?? Number.NEGATIVE_INFINITY;
  const resumed = last?.resumed ?? Number.NEGATIVE_INFINITY;
  const log = await sql<{ at: Instant; kind: PingKind; rid: string | null }[]>`
    select created_at as at, kind, rid from pings where check_id = ${checkId} and created_at <= ${at} order by n`;
  const before = log.filter((ping) => ping.at > resumed && ping.at <= paused);
  const after = log.filter((ping) => ping.at > resumed && ping.at > paused);
  // A pause ends the run in progress; a resume forgets every ping.
  const asPaused = { ...applied(unknown(check), before), last_start: null };
  const { last_ping, last_start } = applied(asPaused, after);
  // The log is bounded; what the check itself remembers goes back further.
  const since = (own: Instant | null) => (own !== null && own <= at && own > resumed ? own : null);
  return { last_ping: last_ping ?? since(check.last_ping), last_start: last_start ?? since(check.last_start) };
}

/** A check before its first ping. Its status does not matter: what a sticky pause ignored says so in the log. */
function unknown(check: CheckState): CheckState {
  const nothing = {
    last_ping: null,
    last_start: null,
    last_start_rid: null,
    last_duration_ms: null,
    alert_after: null,
  };
  return { ...check, ...nothing, status: 'new', manual_resume: false, n_pings: 0 };
}

function applied(check: CheckState, log: readonly { at: Instant; kind: PingKind; rid: string | null }[]): CheckState {
  return log.reduce((state, ping) => applyPing(state, ping).check, check);
}
