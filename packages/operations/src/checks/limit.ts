import { ownerLocked, type Sql, type Statement, type TransactionSql } from '@overdue/database';
import { AT_CHECK_LIMIT, NO_SUCH_PROJECT, rollBack } from '../outcome.ts';

export interface Owner {
  readonly id: number;
  readonly checkLimit: number;
  /** One of the projects they own. */
  readonly projectId: number;
}

/** Takes the lock of this project's owner: see {@link ownerLocked}. Rolls back when there is no such project. */
export async function lockOwner(sql: TransactionSql, projectId: number): Promise<Owner> {
  const [owner] = await ownerLock(sql, projectId);
  if (!owner) rollBack(NO_SUCH_PROJECT);
  return owner;
}

/** The statement of {@link lockOwner}: no row when there is no such project. */
export function ownerLock(sql: TransactionSql, projectId: number): Statement<Owner> {
  return sql<Owner[]>`
    select u.id, u.check_limit as "checkLimit", p.id as "projectId",
           ${ownerLocked(sql, sql`u.id`)}::text as locked
    from projects p join users u on u.id = p.owner_id where p.id = ${projectId}`;
}

/**
 * Takes room for `adding` more checks, which this transaction is to add; rolls back when the owner has none. All projects
 * they own count (M-47, accounts.md §18). Call after {@link lockOwner}.
 * @param factor 2 for checks that a ping makes (P-50), else 1
 */
export async function takeRoom(sql: TransactionSql, owner: Owner, adding = 1, factor: 1 | 2 = 1): Promise<void> {
  const taken = await roomTaken(sql, owner.projectId, adding, factor);
  if (taken.length === 0) await countAndTake(sql, owner, adding, factor);
}

/** {@link lockOwner} and {@link takeRoom} for one check, in one round trip where nothing has to be counted. */
export async function lockRoom(sql: TransactionSql, projectId: number, factor: 1 | 2 = 1): Promise<void> {
  const [owner, taken] = await Promise.all([lockOwner(sql, projectId), roomTaken(sql, projectId, 1, factor)]);
  if (taken.length === 0) await countAndTake(sql, owner, 1, factor);
}

/**
 * Rolls back when the owner has no room for `adding` more checks, and takes none. Call after {@link lockOwner}.
 * @returns how many there are
 */
export async function requireRoom(
  sql: TransactionSql,
  owner: Owner,
  adding: number,
  factor: 1 | 2 = 1,
): Promise<number> {
  const [row] = await sql<{ used: number }[]>`select ${ownedChecks(sql, owner.projectId)} as used`;
  if (row!.used + adding > owner.checkLimit * factor) rollBack(AT_CHECK_LIMIT);
  return row!.used;
}

async function countAndTake(sql: TransactionSql, owner: Owner, adding: number, factor: 1 | 2): Promise<void> {
  const used = await requireRoom(sql, owner, adding, factor);
  await sql`
    insert into owned_checks (owner_id, at_most, counted_at) values (${owner.id}, ${used + adding}, now())
    on conflict (owner_id) do update set at_most = excluded.at_most, counted_at = excluded.counted_at`;
}

/**
 * Takes room for `adding` more checks without counting, when what was counted last says that there is some: one row, or
 * none, which says nothing. Counts are believed for an hour, because a restored table or an older release may have added
 * checks without a word here. Only in a statement after {@link ownerLock}: each sees what was committed before it began,
 * and what another took while this one waited for the lock must count.
 */
export function roomTaken(sql: TransactionSql, projectId: number, adding: number, factor: 1 | 2) {
  return sql<{ owner_id: number }[]>`
    update owned_checks o set at_most = o.at_most + ${adding}::int
    from projects p join users u on u.id = p.owner_id
    where p.id = ${projectId} and o.owner_id = p.owner_id
      and o.at_most + ${adding}::int <= u.check_limit * ${factor}::int
      and o.counted_at > now() - interval '1 hour'
    returning o.owner_id`;
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

/** How many checks there are in all projects of this project's owner, for use in a statement. */
function ownedChecks(sql: Sql | TransactionSql, projectId: number) {
  return sql`(
    select count(*)::int from checks
    where project_id = any (array(
      select id from projects where owner_id = (select owner_id from projects where id = ${projectId}))))`;
}
