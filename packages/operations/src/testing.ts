/** What the tests of this package start from. */
import type { Database } from '@overdue/database';

/** An owner and a project of theirs, as bare rows. */
export async function seedProject(
  { sql }: Database,
  options: { checkLimit?: number; ownerId?: number; badgeKey?: string } = {},
): Promise<{ projectId: number; ownerId: number; projectCode: string }> {
  const random = Math.random().toString(36).slice(2);
  const ownerId =
    options.ownerId ??
    (
      await sql<{ id: number }[]>`
        insert into users (username, email, check_limit)
        values (${random}, ${`${random}@example.org`}, ${options.checkLimit ?? 10000}) returning id`
    )[0]!.id;
  const [project] = await sql<{ id: number; code: string }[]>`
    insert into projects (owner_id, badge_key) values (${ownerId}, ${options.badgeKey ?? random}) returning id, code`;
  return { projectId: project!.id, ownerId, projectCode: project!.code };
}

export async function seedChannel(
  { sql }: Database,
  projectId: number,
  name = '',
): Promise<{ id: number; code: string }> {
  const [row] = await sql<{ id: number; code: string }[]>`
    insert into channels (project_id, kind, name, value)
    values (${projectId}, 'email', ${name}, '{"value":"a@example.org","up":true,"down":true}') returning id, code`;
  return row!;
}
