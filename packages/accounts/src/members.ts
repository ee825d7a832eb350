import type { Database, Sql } from '@overdue/database';
import type { MemberRole } from './role.ts';
import { findUserByEmail, insertUser, lockNewUsers } from './users.ts';

export interface Member {
  readonly userId: number;
  readonly email: string;
  readonly role: MemberRole;
  /** False: invited, and has never signed in. */
  readonly hasSignedIn: boolean;
}

/** By address; the owner is not among them (IN-11). */
export async function listMembers(sql: Sql, projectId: number): Promise<Member[]> {
  return await sql<Member[]>`
    select u.id as "userId", u.email, m.role, (u.last_login_at is not null) as "hasSignedIn"
    from members m join users u on u.id = m.user_id
    where m.project_id = ${projectId} order by u.email`;
}

/** Members of the owner's other projects who are not in this one, by address (IN-7). */
export async function inviteSuggestions(sql: Sql, projectId: number): Promise<string[]> {
  const rows = await sql<{ email: string }[]>`
    select distinct u.email
    from projects this
    join projects other on other.owner_id = this.owner_id and other.id <> this.id
    join members m on m.project_id = other.id
    join users u on u.id = m.user_id
    where this.id = ${projectId}
      and not exists (select from members n where n.project_id = this.id and n.user_id = u.id)
    order by u.email`;
  return rows.map(({ email }) => email);
}

export type Invitation = { readonly kind: 'added'; readonly userIsNew: boolean } | { readonly kind: 'already-member' };

/**
 * Membership takes effect at once; an unknown address gets an account without a password and without a project
 * (IN-1, IN-2, IN-5). `email` has been through `emailAddress`.
 */
export async function inviteMember(
  database: Database,
  args: { projectId: number; email: string; role: MemberRole },
): Promise<Invitation> {
  return database.sql.begin(async (sql): Promise<Invitation> => {
    await lockNewUsers(sql);
    const existing = await findUserByEmail(sql, args.email);
    const user = existing ?? (await insertUser(sql, { email: args.email, passwordHash: null }));
    const [owner] = await sql`select 1 from projects where id = ${args.projectId} and owner_id = ${user.id}`;
    if (owner) return { kind: 'already-member' };
    const added = await sql`
      insert into members (user_id, project_id, role) values (${user.id}, ${args.projectId}, ${args.role})
      on conflict (project_id, user_id) do nothing returning id`;
    return added.length > 0 ? { kind: 'added', userIsNew: existing === null } : { kind: 'already-member' };
  });
}

/** @returns false when that person is not a member (IN-8) */
export async function removeMember(sql: Sql, args: { projectId: number; userId: number }): Promise<boolean> {
  const rows = await sql`
    delete from members where project_id = ${args.projectId} and user_id = ${args.userId} returning id`;
  return rows.length > 0;
}
