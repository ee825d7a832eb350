import { randomUUID } from 'node:crypto';
import type { Database, Sql, TransactionSql } from '@overdue/database';
import { addVerifiedEmailChannel } from './email-channel.ts';
import { hashPassword, verifyPassword } from './passwords.ts';
import type { Project } from './project.ts';
import { createProject } from './projects.ts';

export type Theme = 'system' | 'light' | 'dark';
export type CheckSort = 'created' | 'name' | '-name' | 'last_ping' | '-last_ping';

/** The part of a row of `users` that pages and permissions need. Instants in epoch milliseconds. */
export interface User {
  readonly id: number;
  readonly username: string;
  readonly email: string;
  readonly is_superuser: boolean;
  readonly tz: string;
  readonly theme: Theme;
  readonly sort: CheckSort;
  readonly check_limit: number;
  readonly created_at: number;
  readonly has_password: boolean;
}

/** The columns of {@link User}, of a table called `u` in the statement. */
export function userColumns(sql: Sql | TransactionSql) {
  return sql`u.id, u.username, u.email, u.is_superuser, u.tz, u.theme, u.sort, u.check_limit, u.created_at,
    (u.password_hash is not null) as has_password`;
}

/** Whether nobody has an account yet: the first visitor is then asked to create the administrator's. */
export async function isFirstRun(sql: Sql): Promise<boolean> {
  const rows = await sql`select 1 from users limit 1`;
  return rows.length === 0;
}

/**
 * Creates the administrator's account, with a project and a verified e-mail channel to its address, if no account
 * exists. Two visitors at once: one gets it, the other null.
 */
export async function createFirstUser(
  database: Database,
  args: { email: string; password: string; projectName: string; tz?: string },
): Promise<{ user: User; project: Project } | null> {
  const passwordHash = await hashPassword(args.password);
  return database.sql.begin(async (sql) => {
    await lockNewUsers(sql);
    const rows = await sql`select 1 from users limit 1`;
    if (rows.length > 0) return null;
    const user = await insertUser(sql, { ...args, passwordHash, isSuperuser: true });
    const project = await createProject(sql, { ownerId: user.id, name: args.projectName });
    await addVerifiedEmailChannel(sql, { projectId: project.id, email: user.email });
    return { user, project };
  });
}

/**
 * An account without a password, with a project and a verified e-mail channel to its address: whoever signs in to it has
 * opened a link mailed there (SU-6), or was signed in by the proxy (RH-4). The very first becomes superuser.
 * @returns null when the address has an account
 */
export async function createUserWithProject(
  database: Database,
  args: { email: string; projectName: string; tz?: string },
): Promise<User | null> {
  return database.sql.begin(async (sql) => {
    await lockNewUsers(sql);
    if (await findUserByEmail(sql, args.email)) return null;
    const [anybody] = await sql`select 1 from users limit 1`;
    const user = await insertUser(sql, { ...args, passwordHash: null, isSuperuser: !anybody });
    const project = await createProject(sql, { ownerId: user.id, name: args.projectName });
    await addVerifiedEmailChannel(sql, { projectId: project.id, email: user.email });
    return user;
  });
}

/** Whoever may create a user holds this until commit: only one is the first, and an address is taken once. */
export async function lockNewUsers(sql: TransactionSql): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('overdue:new-users', 0))`;
}

/** @throws a unique violation when the address is taken; `email` has been through `emailAddress` */
export async function insertUser(
  sql: Sql | TransactionSql,
  args: { email: string; passwordHash: string | null; isSuperuser?: boolean; tz?: string },
): Promise<User> {
  // OB: the username is opaque, for signed links; 30 characters of a random UUID.
  const [user] = await sql<User[]>`
    insert into users as u (username, email, password_hash, is_superuser, tz)
    values (${randomUUID().slice(0, 30)}, ${args.email}, ${args.passwordHash}, ${args.isSuperuser ?? false},
            ${args.tz ?? 'UTC'})
    returning ${userColumns(sql)}`;
  return user!;
}

/** By address, whatever its case; null: nobody has it. Accounts that are switched off are found, too. */
export async function findUserByEmail(sql: Sql | TransactionSql, email: string): Promise<User | null> {
  const [user] = await sql<User[]>`select ${userColumns(sql)} from users u where u.email = ${email.toLowerCase()}`;
  return user ?? null;
}

/**
 * The active user with this address and password; null for every way in which it can be wrong (accounts.md SI-12).
 * Does the same work whether or not the account exists.
 */
export async function authenticate(
  database: Database,
  args: { email: string; password: string },
): Promise<User | null> {
  const { sql } = database;
  const email = args.email.trim().toLowerCase();
  const [row] = await sql<(User & { password_hash: string | null; is_active: boolean })[]>`
    select ${userColumns(sql)}, u.password_hash, u.is_active from users u where u.email = ${email}`;
  const matches = await verifyPassword(row?.password_hash ?? null, args.password);
  if (!row || !matches || !row.is_active) return null;
  const { password_hash: _hash, is_active: _active, ...user } = row;
  return user;
}

/** Whether `password` is the user's; for confirming what is delicate. */
export async function checkPassword(database: Database, userId: number, password: string): Promise<boolean> {
  const [row] = await database.sql<{ password_hash: string | null }[]>`
    select password_hash from users where id = ${userId}`;
  return verifyPassword(row?.password_hash ?? null, password);
}

/**
 * Stores a new password, empties a pending sign-in link and ends the user's sessions except `keepSession`
 * (accounts.md PW-3, SE-3).
 */
export async function setPassword(
  database: Database,
  args: { userId: number; password: string; keepSession?: Buffer },
): Promise<void> {
  const passwordHash = await hashPassword(args.password);
  await database.sql.begin(async (sql) => {
    await sql`
      update users set password_hash = ${passwordHash}, login_token_hash = null, login_token_expires_at = null
      where id = ${args.userId}`;
    await sql`
      delete from sessions
      where user_id = ${args.userId} ${args.keepSession ? sql`and token_hash <> ${args.keepSession}` : sql``}`;
  });
}

/** Stores what a person prefers; members left out stay. `tz` has been checked by the caller. */
export async function updatePreferences(
  sql: Sql,
  userId: number,
  preferences: { theme?: Theme; tz?: string; sort?: CheckSort },
): Promise<void> {
  if (Object.keys(preferences).length === 0) return;
  await sql`update users set ${sql(preferences)} where id = ${userId}`;
}
