import { clearEvents as cleared, pause, resume } from '@overdue/checks';
import type { Clock } from '@overdue/clock';
import type { Database, Statement, TransactionSql } from '@overdue/database';
import { type Outcome, rollBack } from '../outcome.ts';
import { changeCheck } from './change.ts';
import type { CheckReference, CheckRow, CheckWithChannels, EditableColumns } from './row.ts';
import { recordSilently, writeChanges } from './update.ts';

/** H1: nobody is told; a paused check stays as it is. Refused: `not-found`. */
export function pauseCheck(
  database: Database,
  clock: Clock,
  reference: CheckReference,
): Promise<Outcome<CheckWithChannels>> {
  return changeCheck(database, reference, async (sql, check) => pauseLocked(sql, clock, check));
}

/** H2: a paused check becomes new. Refused: `not-found`, `not-paused`. */
export function resumeCheck(
  database: Database,
  clock: Clock,
  reference: CheckReference,
): Promise<Outcome<CheckWithChannels>> {
  return changeCheck(database, reference, async (sql, check) => {
    return resumeLocked(sql, clock, check) ?? rollBack({ refused: 'not-paused', message: 'check is not paused' });
  });
}

export interface UpdateAndPause extends CheckReference {
  readonly fields: Partial<EditableColumns>;
  /** Pauses or resumes it; absent, or so already: its status stays. */
  readonly paused?: boolean;
}

/** Changes a check as the API does (H6), and pauses or resumes it, in one. Refused: `not-found`. */
export function updateAndPause(
  database: Database,
  clock: Clock,
  { fields, paused, ...reference }: UpdateAndPause,
): Promise<Outcome<CheckWithChannels>> {
  return changeCheck(database, reference, async (sql, check) => {
    const changes = await writeChanges(sql, check, fields);
    if (paused === true) return [...changes, ...pauseLocked(sql, clock, check)];
    if (paused === false) return [...changes, ...(resumeLocked(sql, clock, check) ?? [])];
    return changes;
  });
}

/** H1 within a transaction that holds the check's lock. */
export function pauseLocked(sql: TransactionSql, clock: Clock, check: CheckRow): Statement[] {
  const now = clock.now();
  const { flip } = pause(check, now);
  if (!flip) return [];
  const paused = sql`
    update checks set status = 'paused', last_start = null, alert_after = null, wake_at = null
    where id = ${check.id}`;
  return [paused, ...recordSilently(sql, check, flip, now)];
}

/** H2 within a transaction that holds the check's lock. @returns null: the check is not paused */
function resumeLocked(sql: TransactionSql, clock: Clock, check: CheckRow): Statement[] | null {
  const now = clock.now();
  const flip = resume(check, now)?.flip;
  if (!flip) return null;
  const resumed = sql`
    update checks
    set status = 'new', last_start = null, last_ping = null, alert_after = null, wake_at = null
    where id = ${check.id}`;
  return [resumed, ...recordSilently(sql, check, flip, now)];
}

/** H4: forgets pings, flips and notifications; the check is new again, its `n_pings` goes on. Refused: `not-found`. */
export function clearEvents(database: Database, reference: CheckReference): Promise<Outcome<CheckWithChannels>> {
  return changeCheck(database, reference, async (sql, check) => {
    const after = cleared(check);
    const forgotten = sql`
      update checks
      set status = ${after.status}, last_ping = null, last_start = null, last_duration_ms = null, alert_after = null,
          wake_at = null
      where id = ${check.id}`;
    return [
      forgotten,
      sql`delete from notifications where check_id = ${check.id}`,
      sql`delete from flips where check_id = ${check.id}`,
      sql`delete from pings where check_id = ${check.id}`,
      sql`select pg_notify('check_changed', ${check.code})`,
    ];
  });
}
