import type { TransactionSql } from '@overdue/database';
import { AT_CHECK_LIMIT, NO_SUCH_PROJECT, rollBack } from '../outcome.ts';

export interface Owner {
  readonly id: number;
  readonly checkLimit: number;
}

/**
 * Makes everything that adds checks to any project of this project's owner, or channels to it, wait for the end of this
 * transaction. An advisory lock, not the owner's row: the alert path updates that row while it holds a check's lock.
 * Take it before any check's lock.
 */
export async function lockOwner(sql: TransactionSql, projectId: number): Promise<Owner> {
  const [owner] = await sql<(Owner & { locked: unknown })[]>`
    select u.id, u.check_limit as "checkLimit",
           pg_advisory_xact_lock(hashtextextended('checks of owner ' || u.id, 0))::text as locked
    from projects p join users u on u.id = p.owner_id where p.id = ${projectId}`;
  if (!owner) rollBack(NO_SUCH_PROJECT);
  return owner;
}

/**
 * Rolls back when the owner has no room for `adding` more checks. All projects they own count (M-47, accounts.md §18).
 * Call after {@link lockOwner}.
 * @param factor 2 for checks that a ping makes (P-50), else 1
 */
export async function requireRoom(sql: TransactionSql, owner: Owner, adding = 1, factor: 1 | 2 = 1): Promise<void> {
  const [{ used } = { used: 0 }] = await sql<{ used: number }[]>`
    select count(*)::int as used from checks c join projects p on p.id = c.project_id where p.owner_id = ${owner.id}`;
  if (used + adding > owner.checkLimit * factor) rollBack(AT_CHECK_LIMIT);
}
