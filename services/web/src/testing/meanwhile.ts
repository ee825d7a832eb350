import type { TransactionSql } from '@overdue/database';
import type { TestDatabase } from '@overdue/database/testing';
import { expect } from 'vitest';

/** Sends the request while a transaction has made its change and not committed; commits once the request waits for it. */
export async function meanwhile<T>(
  { sql }: TestDatabase,
  change: (tx: TransactionSql) => Promise<unknown>,
  request: () => Promise<T>,
): Promise<T> {
  const waiting = async () =>
    (
      await sql`
        select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    ).length;
  let reply: Promise<T> | undefined;
  await sql.begin(async (tx) => {
    await change(tx);
    reply = request();
    await expect.poll(waiting, { timeout: 30_000, interval: 5 }).toBeGreaterThan(0);
  });
  return reply!;
}
