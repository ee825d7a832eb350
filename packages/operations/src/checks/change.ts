import type { Database, TransactionSql } from '@overdue/database';
import { NO_SUCH_CHECK, type Outcome, outcomeOf, rollBack } from '../outcome.ts';
import { type CheckReference, type CheckRow, type CheckWithChannels, lockCheck, readCheck } from './row.ts';

/**
 * One transaction under the lock of one check.
 * @param work what to do; it may `rollBack`
 * @returns the check as it is afterwards. Refused: `not-found`, and what `work` refuses
 */
export function changeCheck(
  database: Database,
  reference: CheckReference,
  work: (sql: TransactionSql, check: CheckRow) => Promise<unknown>,
): Promise<Outcome<CheckWithChannels>> {
  return outcomeOf(() =>
    database.sql.begin(async (sql) => {
      const check = await lockCheck(sql, reference);
      if (!check) rollBack(NO_SUCH_CHECK);
      await work(sql, check);
      return readCheck(sql, check.id);
    }),
  );
}
