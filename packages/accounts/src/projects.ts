import { randomUUID } from 'node:crypto';
import type { Database, Sql, TransactionSql } from '@overdue/database';
import { MAX_PROJECT_NAME, type Project, projectColumns } from './project.ts';
import type { MemberRole, Role } from './role.ts';

/** A project together with what one person may do in it. */
export interface Access {
  readonly project: Project;
  readonly role: Role;
  /** Shown when the project has no name. */
  readonly ownerEmail: string;
  /** Change checks, channels, keys, the name. */
  readonly canWrite: boolean;
  /** Invite and remove members. */
  readonly canManage: boolean;
  /** Delete, hand over. */
  readonly isOwner: boolean;
}

/** What is wrong with a project's name, in words; null when nothing is (PJ-1: 1–60 after trimming). */
export function projectNameProblem(name: string): string | null {
  const length = [...name.trim()].length;
  if (length === 0) return 'Give the project a name.';
  if (length > MAX_PROJECT_NAME) return `Use at most ${MAX_PROJECT_NAME} characters.`;
  return null;
}

/** PJ-1: no checks, no channels, no keys; the badge key is the project's own code (BK-1). */
export async function createProject(
  sql: Sql | TransactionSql,
  args: { ownerId: number; name: string },
): Promise<Project> {
  const code = randomUUID();
  const [project] = await sql<Project[]>`
    insert into projects as p (code, name, owner_id, badge_key, ping_log_limit)
    select ${code}, ${args.name.trim()}, u.id, ${code}, u.ping_log_limit from users u where u.id = ${args.ownerId}
    returning ${projectColumns(sql)}`;
  return project!;
}

/** `name` has been through {@link projectNameProblem}; white space around it is left out (PJ-2). */
export async function renameProject(sql: Sql, projectId: number, name: string): Promise<void> {
  await sql`update projects set name = ${name.trim()} where id = ${projectId}`;
}

/** Whether lists and details show slug URLs instead of UUID URLs; kept with the project. */
export async function setShowSlugs(sql: Sql, projectId: number, showSlugs: boolean): Promise<void> {
  await sql`update projects set show_slugs = ${showSlugs} where id = ${projectId}`;
}

/** Deletes it with its checks, pings, channels, keys and memberships. No undo. */
export async function deleteProject(database: Database, projectId: number): Promise<void> {
  await database.sql.begin(async (sql) => {
    // Checks first and by themselves: their trigger takes the pings and flips along.
    await sql`delete from checks where project_id = ${projectId}`;
    await sql`delete from projects where id = ${projectId}`;
  });
}

interface AccessRow extends Project {
  readonly ownerEmail: string;
  readonly memberRole: MemberRole | null;
}

/** What `user` may do in the project with this code; null for strangers and unknown codes alike (answered 404). */
export async function findAccess(
  sql: Sql,
  user: { id: number; is_superuser: boolean },
  by: { code: string } | { id: number },
): Promise<Access | null> {
  const [row] = await sql<AccessRow[]>`
    select ${projectColumns(sql)}, o.email as "ownerEmail", m.role as "memberRole"
    from projects p
    join users o on o.id = p.owner_id
    left join members m on m.project_id = p.id and m.user_id = ${user.id}
    where ${'code' in by ? sql`p.code = ${by.code}` : sql`p.id = ${by.id}`}`;
  return row ? toAccess(row, user) : null;
}

/** The projects a person owns or belongs to, by name, without regard to case (PJ-4). */
export async function listProjects(sql: Sql, user: { id: number; is_superuser: boolean }): Promise<Access[]> {
  const rows = await sql<AccessRow[]>`
    select ${projectColumns(sql)}, o.email as "ownerEmail", m.role as "memberRole"
    from projects p
    join users o on o.id = p.owner_id
    left join members m on m.project_id = p.id and m.user_id = ${user.id}
    where p.owner_id = ${user.id} or m.id is not null
    order by lower(p.name), p.id`;
  return rows.flatMap((row) => toAccess(row, user) ?? []);
}

/** The name, or for a project without one its owner's address (OB-2). */
export function projectTitle(access: Pick<Access, 'project' | 'ownerEmail'>): string {
  return access.project.name || access.ownerEmail;
}

function toAccess(row: AccessRow, user: { id: number; is_superuser: boolean }): Access | null {
  const { ownerEmail, memberRole, ...project } = row;
  const role: Role | null =
    project.owner_id === user.id ? 'owner' : user.is_superuser ? 'superuser' : (memberRole ?? null);
  if (role === null) return null;
  return {
    project,
    ownerEmail,
    role,
    canWrite: role !== 'r',
    canManage: role === 'owner' || role === 'm' || role === 'superuser',
    isOwner: role === 'owner',
  };
}
