import type { Database } from '@overdue/database';
import { NO_SUCH_CHECK, type Outcome, outcomeOf, rollBack } from '../outcome.ts';
import { type CheckReference, type CheckRow, lockCheck } from './row.ts';

/**
 * H9: the check, its pings, flips and notifications are gone. A ping that was being recorded is waited for and goes too;
 * one that comes later finds no check.
 * @returns the check as it was. Refused: `not-found`
 */
export function deleteCheck(database: Database, reference: CheckReference): Promise<Outcome<CheckRow>> {
  return outcomeOf(() =>
    database.sql.begin(async (sql) => {
      const check = await lockCheck(sql, reference);
      if (!check) rollBack(NO_SUCH_CHECK);
      await sql`delete from checks where id = ${check.id}`;
      return check;
    }),
  );
}
