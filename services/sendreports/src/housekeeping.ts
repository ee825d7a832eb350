/** Forgets what nobody can see or need any more. Each statement may be run at any time, by any number of processes. */
import type { Instant, Sql, TransactionSql } from '@overdue/database';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Rows deleted, by what they were. */
export type Forgotten = Record<keyof typeof TASKS, number>;

/** The name under which one process at a time keeps house. */
const LOCK = 'overdue:housekeeping';

/**
 * Does every task, each in its own transaction. A task that another process is doing at the moment is left to it.
 * @param now the instant to measure ages from
 */
export async function keepHouse(sql: Sql, now: Instant): Promise<Forgotten> {
  const forgotten: Record<string, number> = {};
  for (const [name, task] of Object.entries(TASKS)) {
    forgotten[name] = await sql.begin(async (tx) => {
      const [lock] = await tx<{ mine: boolean }[]>`
        select pg_try_advisory_xact_lock(hashtextextended(${LOCK}, 0)) as mine`;
      return lock!.mine ? (await task(tx, now)).count : 0;
    });
  }
  return forgotten as Forgotten;
}

const TASKS = {
  sessions: (sql: TransactionSql, now: Instant) => sql`delete from sessions where expires_at < ${now}`,

  /** accounts.md TB: a bucket that has been idle for a day is full again. */
  tokenBuckets: (sql: TransactionSql, now: Instant) =>
    sql`delete from token_buckets where updated_at < ${now - 2 * DAY}`,

  /** Processes that stopped, or were killed, a week ago. */
  instances: (sql: TransactionSql, now: Instant) => sql`delete from instances where seen_at < ${now - 7 * DAY}`,

  /** The newest stretch stays, however old: what comes after it is the gap that sendalerts has to know of. */
  coverage: (sql: TransactionSql, now: Instant) => sql`
    delete from coverage
    where until_at < ${now - 7 * DAY} and until_at < (select max(until_at) from coverage)`,

  /** Kept long: an ingester that comes back after weeks still has to know which of its spooled batches are in. */
  ingestLanes: (sql: TransactionSql, now: Instant) =>
    sql`delete from ingest_lanes where updated_at < ${now - 93 * DAY}`,

  /** status-and-alerting.md P8; what is still owed stays, and what can still be resent. */
  notifications: (sql: TransactionSql, now: Instant) => sql`
    delete from notifications o
    using checks c
    cross join lateral (select p.created_at from pings p where p.check_id = c.id order by p.n limit 1) oldest
    where o.check_id = c.id and o.created_at < oldest.created_at and not (${isWanted(sql, now)})`,

  /** Test messages belong to no check. */
  testNotifications: (sql: TransactionSql, now: Instant) => sql`
    delete from notifications where check_id is null and state <> 'owed' and created_at < ${now - 93 * DAY}`,

  /** status-and-alerting.md P8: older than the oldest kept ping and than 93 days; one with a message that stays, too. */
  flips: (sql: TransactionSql, now: Instant) => sql`
    delete from flips f
    using checks c
    cross join lateral (select p.created_at from pings p where p.check_id = c.id order by p.n limit 1) oldest
    where f.check_id = c.id and f.created_at < least(oldest.created_at, ${now - 93 * DAY}::timestamptz)
      and not exists (select from notifications o where o.flip_id = f.id and (${isWanted(sql, now)}))`,
};

/** Whether a message `o` is still owed, or is a dead letter that is listed: see `deadLetters` of @overdue/notifications. */
function isWanted(sql: TransactionSql, now: Instant) {
  return sql`o.state = 'owed' or (o.state = 'failed' and o.finished_at >= ${now - 30 * DAY}::timestamptz)`;
}
