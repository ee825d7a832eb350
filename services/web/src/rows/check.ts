import type { Sql } from '@overdue/database';
import type { CheckRow } from '@overdue/operations';

export async function findCheck(sql: Sql, code: string): Promise<CheckRow | null> {
  const [row] = await sql<CheckRow[]>`select * from checks where code = ${code}`;
  return row ?? null;
}

/** In order of creation. */
export async function listChecks(sql: Sql, projectId: number): Promise<CheckRow[]> {
  return await sql<CheckRow[]>`select * from checks where project_id = ${projectId} order by id`;
}

/** How many checks the owner may still add (accounts.md LM-1). */
export async function freeChecks(sql: Sql, ownerId: number): Promise<number> {
  const [row] = await sql<{ free: number }[]>`
    select u.check_limit - (select count(*)::int from checks c join projects p on p.id = c.project_id
                            where p.owner_id = u.id) as free
    from users u where u.id = ${ownerId}`;
  return row?.free ?? 0;
}
