import { type Database, ownerLocked, type Sql, type TransactionSql } from '@overdue/database';

/*
 * A project changes hands when its owner asks a member and that member accepts (accounts.md §16). The request is a mark
 * on the member's row: removing the member, or their leaving, drops it too.
 */

/** Whom the owner has asked. */
export interface TransferRequest {
  readonly userId: number;
  readonly email: string;
}

/** Null: nobody is asked. */
export async function findTransferRequest(sql: Sql, projectId: number): Promise<TransferRequest | null> {
  const [row] = await sql<TransferRequest[]>`
    select u.id as "userId", u.email from members m join users u on u.id = m.user_id
    where m.project_id = ${projectId} and m.transfer_requested_at is not null`;
  return row ?? null;
}

/**
 * Asks a member; any earlier request of the project is cancelled (TR-1).
 * @returns the member's account, or null when that person is no member: then nothing is changed
 */
export async function requestTransfer(
  database: Database,
  args: { projectId: number; userId: number; now: number },
): Promise<{ username: string; email: string } | null> {
  const { projectId, userId, now } = args;
  return database.sql.begin(async (sql) => {
    const [member] = await sql<{ username: string; email: string }[]>`
      select u.username, u.email from members m join users u on u.id = m.user_id
      where m.project_id = ${projectId} and m.user_id = ${userId} for update of m`;
    if (!member) return null;
    await sql`
      update members set transfer_requested_at = case when user_id = ${userId} then ${now}::timestamptz end
      where project_id = ${projectId} and (user_id = ${userId} or transfer_requested_at is not null)`;
    return member;
  });
}

/** The owner's second thoughts, or the member's no (TR-5). */
export async function cancelTransfer(sql: Sql, projectId: number): Promise<void> {
  await sql`update members set transfer_requested_at = null where project_id = ${projectId}`;
}

/** How many checks a project has, and how many its new owner could still take (TR-3). */
export async function transferRoom(
  sql: Sql | TransactionSql,
  args: { projectId: number; userId: number },
): Promise<{ checks: number; free: number }> {
  const [row] = await sql<{ checks: number; free: number }[]>`
    select (select count(*)::int from checks where project_id = ${args.projectId}) as checks,
           u.check_limit - (select count(*)::int from checks c join projects p on p.id = c.project_id
                            where p.owner_id = u.id) as free
    from users u where u.id = ${args.userId}`;
  return row ?? { checks: 0, free: 0 };
}

/**
 * The member who was asked becomes the owner; the owner becomes a regular member (TR-4). Everything else stays.
 * @returns `not-asked` for anybody else; `no-room` when the project has more checks than the new owner may add
 */
export async function acceptTransfer(
  database: Database,
  args: { projectId: number; userId: number },
): Promise<'done' | 'not-asked' | 'no-room'> {
  const { projectId, userId } = args;
  return database.sql.begin(async (sql) => {
    await sql`select ${ownerLocked(sql, sql`${userId}::bigint`)}::text`;
    const [project] = await sql<{ owner_id: number }[]>`
      select owner_id from projects where id = ${projectId} for update`;
    const [asked] = await sql`
      select 1 from members
      where project_id = ${projectId} and user_id = ${userId} and transfer_requested_at is not null for update`;
    if (!project || !asked) return 'not-asked';
    const { checks, free } = await transferRoom(sql, args);
    if (checks > free) return 'no-room';
    await sql`update projects set owner_id = ${userId} where id = ${projectId}`;
    await sql`delete from owned_checks where owner_id = ${userId}`; // to be counted again
    await sql`
      update members set user_id = ${project.owner_id}, role = 'w', transfer_requested_at = null
      where project_id = ${projectId} and user_id = ${userId}`;
    return 'done';
  });
}
