import type { Database } from '@overdue/database';
import { StartError } from '@overdue/observability';

/**
 * The project with this code or name; without either, the only one there is.
 * @throws StartError when that is none or more than one
 */
export async function findProject(
  { sql }: Database,
  wanted: string | undefined,
): Promise<{ id: number; name: string }> {
  const rows = await sql<{ id: number; code: string; name: string; owner: string }[]>`
    select p.id, p.code, p.name, u.email as owner from projects p join users u on u.id = p.owner_id
    where ${wanted ?? null}::text is null or p.name = ${wanted ?? null} or p.code::text = lower(${wanted ?? null})
    order by p.id`;
  if (rows.length === 1) return rows[0]!;
  const named = wanted !== undefined;
  if (rows.length === 0) throw new StartError(named ? `There is no project "${wanted}".` : 'There is no project yet.');
  const list = rows.map((row) => `  ${row.code}  ${row.name || '(no name)'}, of ${row.owner}`).join('\n');
  throw new StartError(
    `${named ? `Several projects are called "${wanted}"` : 'There are several projects'}; say which by its code, ` +
      `--project CODE:\n${list}`,
  );
}
