import type { Sql, TransactionSql } from '@overdue/database';
import { randomText } from './random.ts';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/**
 * Gives the project a new ping key: 22 characters `a-z0-9`, kept in plain text because the ping path looks it up and
 * people may look at it again (accounts.md §13). The one it had stops working.
 */
export async function createPingKey(sql: Sql | TransactionSql, projectId: number): Promise<string> {
  const key = randomText(22, ALPHABET);
  await sql`update projects set ping_key = ${key} where id = ${projectId}`;
  return key;
}

/** Slug pings of the project stop working, at once. */
export async function revokePingKey(sql: Sql | TransactionSql, projectId: number): Promise<void> {
  await sql`update projects set ping_key = null where id = ${projectId}`;
}
