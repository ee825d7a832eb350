import type { Sql } from '@overdue/database';
import type { CheckRow } from '@overdue/operations';

/** In whatever project; null: there is none. */
export async function findCheck(sql: Sql, code: string): Promise<CheckRow | null> {
  const [row] = await sql<CheckRow[]>`select * from checks where code = ${code}`;
  return row ?? null;
}

/** In order of creation. */
export async function listChecks(sql: Sql, projectId: number): Promise<CheckRow[]> {
  return await sql<CheckRow[]>`select * from checks where project_id = ${projectId} order by id`;
}
