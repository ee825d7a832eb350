import type { Sql, Statement, TransactionSql } from '@overdue/database';
import { AT_CHECK_LIMIT, NO_SUCH_PROJECT, rollBack } from '../outcome.ts';

export interface Owner {
  readonly id: number;
  readonly checkLimit: number;
  /** One of the projects they own. */
  readonly projectId: number;
}

/**
 * Makes everything that adds checks to any project of this project's owner, or channels to it, wait for the end of this
 * transaction. An advisory lock, not the owner's row: the alert path updates that row while it holds a check's lock.
 * Take it before any check's lock.
 */
export async function lockOwner(sql: TransactionSql, projectId: number): Promise<Owner> {
  const [owner] = await ownerLock(sql, projectId);
  if (!owner) rollBack(NO_SUCH_PROJECT);
  return owner;
}

/** The statement of {@link lockOwner}: no row when there is no such project. */
export function ownerLock(sql: TransactionSql, projectId: number): Statement<Owner> {
  return sql<Owner[]>`
    select u.id, u.check_limit as "checkLimit", p.id as "projectId",
           pg_advisory_xact_lock(hashtextextended('checks of owner ' || u.id, 0))::text as locked
    from projects p join users u on u.id = p.owner_id where p.id = ${projectId}`;
}

/**
 * Rolls back when the owner has no room for `adding` more checks. All projects they own count (M-47, accounts.md §18).
 * Call after {@link lockOwner}.
 * @param factor 2 for checks that a ping makes (P-50), else 1
 */
export async function requireRoom(sql: TransactionSql, owner: Owner, adding = 1, factor: 1 | 2 = 1): Promise<void> {
  if ((await countOwned(sql, owner.projectId)) + adding > owner.checkLimit * factor) rollBack(AT_CHECK_LIMIT);
}

/** {@link lockOwner} and {@link requireRoom} for one check, in one round trip: the server counts once it has the lock. */
export async function lockRoom(sql: TransactionSql, projectId: number, factor: 1 | 2 = 1): Promise<void> {
  const [owner, used] = await Promise.all([lockOwner(sql, projectId), countOwned(sql, projectId)]);
  if (used >= owner.checkLimit * factor) rollBack(AT_CHECK_LIMIT);
}

/**
 * How many checks may still be added to this project (accounts.md LM-1). Less than zero: its owner's limit was lowered
 * since they were added.
 */
export async function freeChecks(sql: Sql, projectId: number): Promise<number> {
  const [row] = await sql<{ free: number }[]>`
    select u.check_limit - ${ownedChecks(sql, projectId)} as free
    from projects p join users u on u.id = p.owner_id where p.id = ${projectId}`;
  return row?.free ?? 0;
}

/**
 * Whether there is room for one more check, as a condition. Only in a statement after {@link ownerLock}: each sees what
 * was committed before it began, and what another made while this one waited for the lock must count.
 */
export function hasRoom(sql: TransactionSql, projectId: number, factor: 1 | 2) {
  return sql`
    ${ownedChecks(sql, projectId)} < ${factor}::int * (
      select u.check_limit from projects p join users u on u.id = p.owner_id where p.id = ${projectId})`;
}

async function countOwned(sql: TransactionSql, projectId: number): Promise<number> {
  const [row] = await sql<{ used: number }[]>`select ${ownedChecks(sql, projectId)} as used`;
  return row!.used;
}

/** How many checks there are in all projects of this project's owner, for use in a statement. */
function ownedChecks(sql: Sql | TransactionSql, projectId: number) {
  return sql`(
    select count(*)::int from checks
    where project_id = any (array(
      select id from projects where owner_id = (select owner_id from projects where id = ${projectId}))))`;
}
