import type { Fragment, Sql, TransactionSql } from './connect.ts';

/**
 * An expression: waits for other transactions that add checks or channels to projects of this owner, and makes them wait
 * for the end of this one. An advisory lock, not the owner's row: the alert path updates that row while it holds a
 * check's lock. Take it before any check's lock. What is to be counted belongs in a later statement, which sees what was
 * committed while this one waited.
 * @param owner an expression for users.id
 */
export function ownerLocked(sql: Sql | TransactionSql, owner: Fragment): Fragment {
  return sql`pg_advisory_xact_lock(hashtextextended('checks of owner ' || ${owner}, 0))`;
}
