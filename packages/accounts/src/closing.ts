import type { Database, Sql } from '@overdue/database';
import { deleteProject } from './projects.ts';

/** What goes with an account when it is closed. */
export interface Belongings {
  readonly projects: number;
  readonly checks: number;
  /** Nobody else administrates the installation. */
  readonly onlyAdministrator: boolean;
}

/** Of an account that exists. */
export async function belongings(sql: Sql, userId: number): Promise<Belongings> {
  const [row] = await sql<Belongings[]>`
    select (select count(*)::int from projects where owner_id = ${userId}) as projects,
           (select count(*)::int from checks c join projects p on p.id = c.project_id
            where p.owner_id = ${userId}) as checks,
           exists (select 1 from users where id = ${userId} and is_superuser)
           and not exists (select 1 from users where id <> ${userId} and is_superuser and is_active)
             as "onlyAdministrator"`;
  return row!;
}

/** Deletes the account with the projects it owns, at once; no undo (accounts.md CL-2). */
export async function closeAccount(database: Database, userId: number): Promise<void> {
  const owned = await database.sql<{ id: number }[]>`select id from projects where owner_id = ${userId} order by id`;
  for (const { id } of owned) await deleteProject(database, id);
  await database.sql`delete from users where id = ${userId}`;
}

/**
 * Gives an account another address, if it still has `from` and nobody else has `to`, which has been through
 * `emailAddress` (EC-4).
 * @returns false when nothing was changed
 */
export async function changeEmail(sql: Sql, args: { userId: number; from: string; to: string }): Promise<boolean> {
  const rows = await sql`
    update users set email = ${args.to}
    where id = ${args.userId} and email = ${args.from}
      and not exists (select 1 from users where email = ${args.to})
    returning id`;
  return rows.length > 0;
}
