import { type Database, type Statement, type TransactionSql, transact } from '@overdue/database';
import { NO_SUCH_CHECK, type Outcome, outcomeOf, rollBack } from '../outcome.ts';
import { type CheckReference, type CheckRow, type CheckWithChannels, lockCheck, readCheck } from './row.ts';

/**
 * One transaction under the lock of one check.
 * @param work what to do; it may `rollBack`. What it returns are its last statements, which it did not send
 * @returns the check as it is afterwards. Refused: `not-found`, and what `work` refuses
 */
export function changeCheck(
  database: Database,
  reference: CheckReference,
  work: (sql: TransactionSql, check: CheckRow) => Promise<readonly Statement[]>,
): Promise<Outcome<CheckWithChannels>> {
  return outcomeOf(async () => {
    const [changed] = await transact(database.sql, async (sql) => {
      const check = await lockCheck(sql, reference);
      if (!check) rollBack(NO_SUCH_CHECK);
      return [...(await work(sql, check)), readCheck(sql, check.id)];
    });
    return changed!;
  });
}
