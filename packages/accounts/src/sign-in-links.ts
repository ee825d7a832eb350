import { createHash, randomBytes } from 'node:crypto';
import type { Clock, Milliseconds } from '@overdue/clock';
import type { Sql } from '@overdue/database';
import { type User, userColumns } from './users.ts';

/*
 * Links that sign in once (accounts.md SI-4, SI-5): mailed on request, and to people who were invited. One slot for each
 * user: a new link ends the one before, and so do its use and a new password.
 */

export const SIGN_IN_LINK_LIFETIME_MS: Milliseconds = 3_600_000;
/** People read invitations later than links they asked for. */
export const INVITATION_LIFETIME_MS: Milliseconds = 7 * 86_400_000;

/** Makes a link's token: 24 random bytes, of which only a digest is stored. */
export async function createSignInToken(
  sql: Sql,
  clock: Clock,
  args: { userId: number; lifetimeMs: Milliseconds },
): Promise<string> {
  const token = randomBytes(24).toString('base64url');
  await sql`
    update users set login_token_hash = ${digest(token)}, login_token_expires_at = ${clock.now() + args.lifetimeMs}
    where id = ${args.userId}`;
  return token;
}

/** Takes the token: works once, until it expires, for an active user. Null for everything else. */
export async function takeSignInToken(
  sql: Sql,
  clock: Clock,
  args: { username: string; token: string },
): Promise<User | null> {
  const [user] = await sql<User[]>`
    update users u set login_token_hash = null, login_token_expires_at = null
    where u.username = ${args.username} and u.login_token_hash = ${digest(args.token)}
      and u.login_token_expires_at > ${clock.now()} and u.is_active
    returning ${userColumns(sql)}`;
  return user ?? null;
}

function digest(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
