import { createHash } from 'node:crypto';
import type { Clock } from '@overdue/clock';
import type { Database } from '@overdue/database';

/**
 * Rate limits (accounts.md §21). A bucket starts full; each permitted attempt costs 1/capacity; it refills evenly and is
 * full again after `refillMs`. A refused attempt costs nothing and does not delay the refill. One statement, so
 * simultaneous attempts cannot both take the last token.
 */
export interface Bucket {
  /** At most 80 characters; a digest where it is made from an address. */
  readonly key: string;
  readonly capacity: number;
  readonly refillMs: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Of the sums of twentieths and the like. */
const ROUNDING = 1e-9;

export const BUCKETS = {
  signInByAddress: (remoteAddr: string): Bucket => ({ key: `auth-ip-${remoteAddr}`, capacity: 20, refillMs: HOUR }),
  passwordByEmail: (email: string, secretKey: string): Bucket => ({
    key: `pw-${digest(email + secretKey)}`,
    capacity: 20,
    refillMs: DAY,
  }),
  signInLinkByEmail: (email: string, secretKey: string): Bucket => ({
    key: `link-${digest(normalisedEmail(email) + secretKey)}`,
    capacity: 10,
    refillMs: HOUR,
  }),
  invitationsByUser: (userId: number): Bucket => ({ key: `invite-${userId}`, capacity: 20, refillMs: DAY }),
  ownPasswordByUser: (userId: number): Bucket => ({ key: `sudo-${userId}`, capacity: 10, refillMs: DAY }),
  testsByUser: (userId: number): Bucket => ({ key: `test-${userId}`, capacity: 60, refillMs: HOUR }),
} as const;

/** Takes a token. @returns false when the bucket is empty: answer 429 */
export async function takeToken(database: Database, clock: Clock, bucket: Bucket): Promise<boolean> {
  const cost = 1 / bucket.capacity;
  const now = clock.now();
  const { sql } = database;
  const level = sql`
    least(1, b.tokens + greatest(0, extract(epoch from excluded.updated_at - b.updated_at) * 1000 / ${bucket.refillMs}::float8))`;
  const rows = await sql`
    insert into token_buckets as b (key, tokens, updated_at) values (${bucket.key}, ${1 - cost}, ${now})
    on conflict (key) do update set tokens = greatest(0, ${level} - ${cost}::float8), updated_at = excluded.updated_at
    where ${level} >= ${cost - ROUNDING}::float8
    returning 1`;
  return rows.length > 0;
}

/** Gives back what {@link takeToken} took: an attempt that turned out not to count. */
export async function returnToken(database: Database, bucket: Bucket): Promise<void> {
  await database.sql`
    update token_buckets set tokens = least(1, tokens + ${1 / bucket.capacity}::float8) where key = ${bucket.key}`;
}

/** TB-1: dots in the local part and everything from `+` do not make another address. */
export function normalisedEmail(email: string): string {
  const at = email.lastIndexOf('@');
  const local = email.slice(0, at).replace(/\+.*/s, '').replaceAll('.', '');
  return (local + email.slice(at)).toLowerCase();
}

function digest(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}
