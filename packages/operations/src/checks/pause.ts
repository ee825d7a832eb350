import { clearEvents as cleared, pause, resume } from '@overdue/checks';
import type { Clock } from '@overdue/clock';
import type { Database, TransactionSql } from '@overdue/database';
import { NO_SUCH_CHECK, type Outcome, outcomeOf, rollBack } from '../outcome.ts';
import {
  type CheckReference,
  type CheckRow,
  type CheckWithChannels,
  type EditableColumns,
  lockCheck,
  readCheck,
} from './row.ts';
import { recordSilently, writeChanges } from './update.ts';

/** H1: nobody is told; a paused check stays as it is. Refused: `not-found`. */
export function pauseCheck(
  database: Database,
  clock: Clock,
  reference: CheckReference,
): Promise<Outcome<CheckWithChannels>> {
  return outcomeOf(() =>
    database.sql.begin(async (sql) => {
      const check = await lockCheck(sql, reference);
      if (!check) rollBack(NO_SUCH_CHECK);
      await pauseLocked(sql, clock, check);
      return readCheck(sql, check.id);
    }),
  );
}

/** H2: a paused check becomes new. Refused: `not-found`, `not-paused`. */
export function resumeCheck(
  database: Database,
  clock: Clock,
  reference: CheckReference,
): Promise<Outcome<CheckWithChannels>> {
  return outcomeOf(() =>
    database.sql.begin(async (sql) => {
      const check = await lockCheck(sql, reference);
      if (!check) rollBack(NO_SUCH_CHECK);
      if (!(await resumeLocked(sql, clock, check))) {
        rollBack({ refused: 'not-paused', message: 'check is not paused' });
      }
      return readCheck(sql, check.id);
    }),
  );
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
  return outcomeOf(() =>
    database.sql.begin(async (sql) => {
      const check = await lockCheck(sql, reference);
      if (!check) rollBack(NO_SUCH_CHECK);
      await writeChanges(sql, check, fields);
      if (paused === true) await pauseLocked(sql, clock, check);
      if (paused === false) await resumeLocked(sql, clock, check);
      return readCheck(sql, check.id);
    }),
  );
}

export async function pauseLocked(sql: TransactionSql, clock: Clock, check: CheckRow): Promise<void> {
  const now = clock.now();
  const { flip } = pause(check, now);
  if (!flip) return;
  await sql`
    update checks set status = 'paused', last_start = null, alert_after = null, wake_at = null
    where id = ${check.id}`;
  await recordSilently(sql, check, flip, now);
}

/** @returns false: the check is not paused */
export async function resumeLocked(sql: TransactionSql, clock: Clock, check: CheckRow): Promise<boolean> {
  const now = clock.now();
  const flip = resume(check, now)?.flip;
  if (!flip) return false;
  await sql`
    update checks
    set status = 'new', last_start = null, last_ping = null, alert_after = null, wake_at = null
    where id = ${check.id}`;
  await recordSilently(sql, check, flip, now);
  return true;
}

/** H4: forgets pings, flips and notifications; the check is new again, its `n_pings` goes on. Refused: `not-found`. */
export function clearEvents(database: Database, reference: CheckReference): Promise<Outcome<CheckWithChannels>> {
  return outcomeOf(() =>
    database.sql.begin(async (sql) => {
      const check = await lockCheck(sql, reference);
      if (!check) rollBack(NO_SUCH_CHECK);
      const after = cleared(check);
      await sql`
        update checks
        set status = ${after.status}, last_ping = null, last_start = null, last_duration_ms = null, alert_after = null,
            wake_at = null
        where id = ${check.id}`;
      await sql`delete from notifications where check_id = ${check.id}`;
      await sql`delete from flips where check_id = ${check.id}`;
      await sql`delete from pings where check_id = ${check.id}`;
      await sql`select pg_notify('check_changed', ${check.code})`;
      return readCheck(sql, check.id);
    }),
  );
}
