import { createHmac } from 'node:crypto';
import type { Sql } from '@overdue/database';
import { retry, type TransportResult } from '../result.ts';

/** What is answered when a recipient got too many messages; it is tried again when there is room. */
export const RATE_LIMITED: TransportResult = retry('Rate limit exceeded', { retryAfter: 10_000 });

/**
 * Six messages a minute to one recipient (notifications.md §4). What names the recipient is stored as a keyed digest.
 * @returns false: too many; nothing is counted then
 */
export async function mayNotify(sql: Sql, secretKey: string, kind: string, recipient: string): Promise<boolean> {
  const key = `${kind}-${createHmac('sha256', secretKey).update(recipient).digest('hex').slice(0, 40)}`;
  const rows = await sql`
    insert into token_buckets as b (key, tokens, updated_at) values (${key}, 1 - 1 / 6.0::float8, now())
    on conflict (key) do update
    set tokens = least(1, b.tokens + extract(epoch from now() - b.updated_at)::float8 / 60) - 1 / 6.0::float8,
        updated_at = now()
    where least(1, b.tokens + extract(epoch from now() - b.updated_at)::float8 / 60) >= 1 / 6.0::float8 - 1e-9
    returning key`;
  return rows.length > 0;
}
