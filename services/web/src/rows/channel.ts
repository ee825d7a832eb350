import type { Sql } from '@overdue/database';
import type { ChannelRow } from '@overdue/operations';

export type { ChannelRow };

/** In whatever project; null: there is none. */
export async function findChannel(sql: Sql, code: string): Promise<ChannelRow | null> {
  const [row] = await sql<ChannelRow[]>`select * from channels where code = ${code}`;
  return row ?? null;
}

/** In order of creation. */
export async function listChannels(sql: Sql, projectId: number): Promise<ChannelRow[]> {
  return await sql<ChannelRow[]>`
    select * from channels where project_id = ${projectId} order by id`;
}
