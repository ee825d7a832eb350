import type { Instant } from '@overdue/schedules';
import { awaited, type Gap, NO_GAPS } from './amnesty.ts';
import type { CheckState, LatenessFacts, LatenessFields, Transition } from './check.ts';
import { BrokenScheduleError, deadline, timedStart } from './lateness.ts';

/*
 * Going down because a ping did not come (status-and-alerting.md W4).
 *
 *   status              when judged after                status   flip                       alert_after  the rest
 *   ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
 *   up                  min(expected, last_start) + G    down     up→down, timeout           ∅            –
 *   new, paused         last_start + G                   down     new→down, paused→down …    ∅            –
 *   any of them         before that, or none             not due (null)
 *   down                                                 not due (null)
 *
 * The flip's instant is the deadline, however late it is judged, but never before last_ping: a run may be overdue already
 * when a success with another run id brings the check up and leaves that run alone, and flips stay in order. A ping at
 * that very instant is still in time.
 *
 * Who judges does not matter: `sendalerts` at the instant up to which all pings are known, or the ingester when it holds
 * a ping from after the deadline ({@link overdueBefore}). Lateness is a matter of time stamps, not of who was faster.
 *
 * last_start stays: a success that comes after all ends that run and yields its duration (W8).
 */

/**
 * The worker's decision on a check found by its `alert_after`: the transition to down, or null when it is not due; then
 * its `alert_after` is `alertAfter(check, gaps)`.
 * @param judgedAt every ping received before this instant has been applied (the ingesters' watermark)
 * @param gaps stretches up to `judgedAt` in which no ingester was receiving, at least those that end after the check's
 *   expected ping or start; any order
 * @throws {BrokenScheduleError} when its schedule cannot be evaluated, unless a run of it is overdue anyway
 */
export function goDown<C extends CheckState>(
  check: C,
  judgedAt: Instant,
  gaps: readonly Gap[] = NO_GAPS,
): Transition<C> | null {
  const facts = factsForVerdict(check, judgedAt, gaps);
  if (facts.rule === null || facts.deadline === null) return null;
  const at = Math.max(facts.deadline, check.last_ping ?? facts.deadline);
  if (judgedAt <= at) return null;
  return {
    check: { ...check, status: 'down', alert_after: null },
    flip: {
      at,
      old_status: check.status,
      new_status: 'down',
      reason: 'timeout',
      notify: true,
      decision: { ...facts, rule: facts.rule, judged_at: judgedAt },
    },
  };
}

/**
 * What `check` awaits, until when, and whether a gap holds it back: the answer to "why did it not alert?", and the
 * facts stored with a time-out's flip.
 * @throws {BrokenScheduleError}
 */
export function explainLateness(check: LatenessFields, gaps: readonly Gap[] = NO_GAPS): LatenessFacts {
  const { expected, start, heldBy } = awaited(check, gaps);
  return factsFrom(check, expected, start, heldBy, gaps.length === 0 ? null : awaited(check, NO_GAPS));
}

function factsForVerdict(check: CheckState, judgedAt: Instant, gaps: readonly Gap[]): LatenessFacts {
  try {
    return explainLateness(check, gaps);
  } catch (error) {
    // A broken schedule expects nothing that we know of, but a run that began must end all the same.
    if (!(error instanceof BrokenScheduleError)) throw error;
    const run = awaited(check, gaps, null);
    const due = deadline(null, run.start, check.grace);
    if (due === null || judgedAt <= due) throw error;
    return factsFrom(check, null, run.start, run.heldBy, { expected: null, start: timedStart(check) });
  }
}

function factsFrom(
  check: LatenessFields,
  expected: Instant | null,
  start: Instant | null,
  heldBy: readonly Gap[],
  unheld: { readonly expected: Instant | null; readonly start: Instant | null } | null,
): LatenessFacts {
  const runFirst = start !== null && (expected === null || start < expected);
  const due = deadline(expected, start, check.grace);
  return {
    rule: due === null ? null : runFirst ? 'run-timeout' : 'timeout',
    kind: check.kind,
    ...(check.kind === 'simple' ? { timeout_s: check.timeout } : { schedule: check.schedule, tz: check.tz }),
    grace_s: check.grace,
    last_ping: check.last_ping,
    last_start: check.last_start,
    expected: unheld === null ? expected : unheld.expected,
    deadline: due,
    ...(heldBy.length === 0 || unheld === null
      ? {}
      : {
          held: {
            gaps: heldBy.map((gap) => [gap.from, gap.until] as const),
            deadline: deadline(unheld.expected, unheld.start, check.grace)!,
          },
        }),
  };
}
