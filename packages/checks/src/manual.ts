import type { Instant } from '@overdue/schedules';
import { alertAfter, type Gap, NO_GAPS } from './amnesty.ts';
import type { CheckState, ScheduleFields, Transition } from './check.ts';
import { BrokenScheduleError } from './lateness.ts';
import type { Known } from './overdue.ts';

/*
 * What people do to a check (status-and-alerting.md §5). None of it is told to channels.
 *
 *   status       action                   status   flip           last_ping  last_start  last_duration  alert_after
 *   ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
 *   paused       pause                    –                       –          –           –              –
 *   others       pause                    paused   →paused        –          ∅           –              ∅
 *   paused       resume                   new      paused→new     ∅          ∅           –              ∅
 *   others       resume                   refused (null)
 *   any          clear events             new      none           ∅          ∅           ∅              ∅
 *   up           edit, then overdue       down     up→down        –          –           –              ∅
 *   any          edit otherwise, API      –                       –          –           –              recomputed
 */

/** H1. Pausing a paused check changes nothing. */
export function pause<C extends CheckState>(check: C, now: Instant): Transition<C> {
  if (check.status === 'paused') return { check, flip: null };
  return {
    check: { ...check, status: 'paused', last_start: null, alert_after: null },
    flip: {
      at: now,
      old_status: check.status,
      new_status: 'paused',
      reason: '',
      notify: false,
      decision: { rule: 'pause' },
    },
  };
}

/** H2. Null: the check is not paused. */
export function resume<C extends CheckState>(check: C, now: Instant): Transition<C> | null {
  if (check.status !== 'paused') return null;
  return {
    check: { ...check, status: 'new', last_ping: null, last_start: null, alert_after: null },
    flip: {
      at: now,
      old_status: 'paused',
      new_status: 'new',
      reason: '',
      notify: false,
      decision: { rule: 'resume' },
    },
  };
}

/** H4. The ping counter goes on; the caller deletes pings, flips and notifications. */
export function clearEvents<C extends CheckState>(check: C): C {
  return {
    ...check,
    status: 'new',
    last_ping: null,
    last_start: null,
    last_start_rid: null,
    last_duration_ms: null,
    alert_after: null,
  };
}

/**
 * H5: a schedule edited in the web pages. An up check that is overdue by its new schedule goes down in silence: whoever
 * edits it sees it. An OnCalendar that never fires again is never late.
 * @param known when it is overdue only by what is not known yet (a ping may be in a spool), `sendalerts` sees to it
 */
export function editSchedule<C extends CheckState>(
  check: C,
  fields: Partial<ScheduleFields>,
  now: Instant,
  known: Known = { until: now, gaps: NO_GAPS },
): Transition<C> {
  const edited = applyApiUpdate(check, fields, known.gaps);
  const { alert_after } = edited;
  const judgedAt = Math.min(now, known.until);
  if (check.status !== 'up' || alert_after === null || alert_after >= judgedAt) return { check: edited, flip: null };
  return {
    check: { ...edited, status: 'down', alert_after: null },
    flip: {
      at: now,
      old_status: 'up',
      new_status: 'down',
      reason: '',
      notify: false,
      decision: { rule: 'edit', deadline: alert_after },
    },
  };
}

/**
 * H6: fields changed through the API. Never flips: when the deadline is past, `sendalerts` sees to it, and alerts.
 * @param gaps of which some may touch the new window; see {@link alertAfter}
 */
export function applyApiUpdate<C extends CheckState>(
  check: C,
  fields: Partial<ScheduleFields & Pick<CheckState, 'manual_resume'>>,
  gaps: readonly Gap[] = NO_GAPS,
): C {
  const edited = { ...check, ...fields };
  const before = alertAfterOrNever(check, gaps);
  const after = alertAfterOrNever(edited, gaps);
  // The same deadline as before: an amnesty (amnesty.ts) stands.
  const held = after !== null && after === before && check.alert_after !== null && check.alert_after > after;
  return { ...edited, alert_after: held ? check.alert_after : after };
}

/** A check whose schedule is broken can be edited, too; that is how it is mended. */
function alertAfterOrNever(check: CheckState, gaps: readonly Gap[]): Instant | null {
  try {
    return alertAfter(check, gaps);
  } catch (error) {
    if (error instanceof BrokenScheduleError) return null;
    throw error;
  }
}
