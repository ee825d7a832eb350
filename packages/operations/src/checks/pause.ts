import { clearEvents as cleared, pause, resume } from '@overdue/checks';
import type { Clock } from '@overdue/clock';
import type { Database } from '@overdue/database';
import { NO_SUCH_CHECK, type Outcome, outcomeOf, rollBack } from '../outcome.ts';
import { type CheckReference, type CheckWithChannels, lockCheck, readCheck } from './row.ts';
import { recordSilently } from './update.ts';

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
      const now = clock.now();
      const { flip } = pause(check, now);
      if (flip) {
        await sql`
          update checks set status = 'paused', last_start = null, alert_after = null, wake_at = null
          where id = ${check.id}`;
        await recordSilently(sql, check, flip, now);
      }
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
      const now = clock.now();
      const flip = resume(check, now)?.flip;
      if (!flip) rollBack({ refused: 'not-paused', message: 'check is not paused' });
      await sql`
        update checks
        set status = 'new', last_start = null, last_ping = null, alert_after = null, wake_at = null
        where id = ${check.id}`;
      await recordSilently(sql, check, flip, now);
      return readCheck(sql, check.id);
    }),
  );
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
