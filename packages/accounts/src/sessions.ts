import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '@overdue/clock';
import type { Database } from '@overdue/database';
import { type User, userColumns } from './users.ts';

const DAY = 86_400_000;
/** SE-1, SE-2: fourteen days from the last visit; moved at most once a day. */
export const SESSION_LIFETIME_MS = 14 * DAY;

export interface Session {
  readonly user: User;
  /** SHA-256 of the cookie's token: the row's key. */
  readonly tokenHash: Buffer;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** True when this visit moved the expiry: send the cookie again. */
  readonly extended: boolean;
}

/** A cookie value that belongs to nobody yet: 256 random bits. */
export function newSessionToken(): string {
  return randomBytes(32).toString('base64url');
}

/** What the table keeps of a token: SHA-256. */
export function hashSessionToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/**
 * Signs a user in: a session under a fresh token, never under one that came from outside (SE-1), and `last_login_at`.
 * @returns the token for the cookie
 */
export async function createSession(
  database: Database,
  clock: Clock,
  args: { userId: number; userAgent?: string; remoteAddr?: string | null },
): Promise<string> {
  const token = newSessionToken();
  const now = clock.now();
  await database.sql.begin(async (sql) => {
    await sql`
      insert into sessions (token_hash, user_id, user_agent, remote_addr, created_at, expires_at)
      values (${hashSessionToken(token)}, ${args.userId}, ${(args.userAgent ?? '').slice(0, 300)},
              ${args.remoteAddr ?? null}, ${now}, ${now + SESSION_LIFETIME_MS})`;
    await sql`update users set last_login_at = ${now}, last_active_at = ${now} where id = ${args.userId}`;
    await sql`delete from sessions where expires_at < ${now}`;
  });
  return token;
}

/** The session of this cookie value, its expiry moved forward at most once a day; null when unknown or expired. */
export async function findSession(database: Database, clock: Clock, token: string): Promise<Session | null> {
  if (!/^[A-Za-z0-9_-]{43}$/.test(token)) return null;
  const { sql } = database;
  const tokenHash = hashSessionToken(token);
  const now = clock.now();
  const [row] = await sql<(User & { session_created_at: number; expires_at: number })[]>`
    select ${userColumns(sql)}, s.created_at as session_created_at, s.expires_at
    from sessions s join users u on u.id = s.user_id
    where s.token_hash = ${tokenHash} and s.expires_at > ${now} and u.is_active`;
  if (!row) return null;
  const { session_created_at, expires_at, ...user } = row;
  const extended = expires_at < now + SESSION_LIFETIME_MS - DAY;
  if (extended) {
    await sql`update sessions set expires_at = ${now + SESSION_LIFETIME_MS} where token_hash = ${tokenHash}`;
    await sql`update users set last_active_at = ${now} where id = ${user.id}`;
  }
  return { user, tokenHash, createdAt: session_created_at, extended };
}

/** Signs out; harmless when the session is already gone. */
export async function endSession(database: Database, tokenHash: Buffer): Promise<void> {
  await database.sql`delete from sessions where token_hash = ${tokenHash}`;
}
