import type { Sql, TransactionSql } from './connect.ts';
import type { Instant } from './generated/tables.ts';
import type { Statement } from './transact.ts';

/** A status change about to be recorded; field names as in the table `flips`. */
export interface NewFlip {
  readonly checkId: number;
  readonly createdAt: Instant;
  readonly oldStatus: string;
  readonly newStatus: string;
  readonly reason: '' | 'timeout' | 'fail';
  /** The facts behind it, for "why did it alert?"; see docs/architecture.md. */
  readonly decision?: Record<string, unknown> | null;
  /** False for changes that nobody is told about (pause, resume, an edit): no outbox rows. Default true. */
  readonly notify?: boolean;
}

/**
 * Writes flips and what they owe: for each flip to `up` or `down` (but not new→up or paused→up,
 * status-and-alerting.md D2) one outbox row for each of the check's channels that is enabled and wants that status.
 * Call it inside the transaction that changes the status. Wakes the delivery workers at commit.
 *
 * Two statements, whatever the number of flips.
 * @returns the number of outbox rows written
 */
export async function recordFlips(sql: Sql | TransactionSql, flips: readonly NewFlip[]): Promise<number> {
  if (flips.length === 0) return 0;
  const [result] = await insertFlips(sql, flips);
  const owed = result!.owed;
  if (owed > 0) await sql`select pg_notify('notifications_owed', '')`;
  return owed;
}

/** The statement of {@link recordFlips} that writes: all that flips need of which nobody is told. */
export function insertFlips(
  sql: Sql | TransactionSql,
  flips: readonly NewFlip[],
): Statement<{ readonly owed: number }> {
  const rows = flips.map((f) => ({
    check_id: f.checkId,
    at: f.createdAt,
    old_status: f.oldStatus,
    new_status: f.newStatus,
    reason: f.reason,
    decision: f.decision ?? null,
    notify:
      (f.notify ?? true) &&
      (f.newStatus === 'down' || (f.newStatus === 'up' && f.oldStatus !== 'new' && f.oldStatus !== 'paused')),
  }));
  return sql<{ owed: number }[]>`
    with input as (
      select nth, check_id, to_timestamp(at / 1000.0) as created_at, old_status, new_status, reason, decision, notify
      from rows from (
        jsonb_to_recordset(${rows as never}::jsonb)
          as (check_id bigint, at double precision, old_status text, new_status text, reason text, decision jsonb,
              notify boolean)
      ) with ordinality
        as r(check_id, at, old_status, new_status, reason, decision, notify, nth)
    ), inserted as (
      insert into flips (check_id, created_at, old_status, new_status, reason, decision)
      select check_id, created_at, old_status, new_status, reason, decision from input order by nth
      returning id, check_id, new_status
    ), flipped as (
      -- By place: two flips of a check may be equal in all but their id.
      select *, row_number() over (order by id) as nth from inserted
    ), owed as (
      insert into notifications (flip_id, check_id, channel_id, check_status, next_attempt_at)
      select f.id, f.check_id, c.id, f.new_status, now()
      from flipped f
      join input i using (nth)
      join channel_checks cc on cc.check_id = f.check_id
      join channels c on c.id = cc.channel_id
      where i.notify and not c.disabled
        and case f.new_status when 'down' then c.notify_down else c.notify_up end
      order by f.id, c.last_notify_duration_ms nulls last, c.id
      returning id
    )
    select count(*)::int as owed from owed`;
}
