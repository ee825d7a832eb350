import type { Instant } from '@overdue/clock';
import type { Sql, Statement, TransactionSql } from '@overdue/database';

/**
 * G2: starts or stops the reminders of everybody with access to the projects, owners and members alike: any accessible
 * check stored as down and no reminder due: one period from now; none down: no reminder; a date that is set stays.
 * Called on pause, and when an edit takes a check down.
 */
export function updateNagDates(sql: Sql | TransactionSql, projectIds: readonly number[], now: Instant): Statement {
  const ids = projectIds as number[];
  return startOrStop(
    sql,
    sql`u.id = any (array(
        select owner_id from projects where id = any (${ids}::bigint[])
        union select user_id from members where project_id = any (${ids}::bigint[])))`,
    now,
  );
}

/** The same for one person, whose settings have changed (G4). */
export async function updateNagDateOf(sql: Sql | TransactionSql, userId: number, now: Instant): Promise<void> {
  await startOrStop(sql, sql`u.id = ${userId}`, now);
}

/** The same for everybody: checks also go down and up with a ping and by time, and who is at that has no time for this. */
export async function updateAllNagDates(sql: Sql | TransactionSql, now: Instant): Promise<void> {
  await startOrStop(sql, sql`true`, now);
}

function startOrStop(sql: Sql | TransactionSql, whose: ReturnType<Sql>, now: Instant): Statement {
  // One look at the index checks_down for each project of theirs: `exists` would be a join, with the whole table at worst.
  // Locked by id, as everybody who updates several people has to.
  return sql`
    with changing as (
      select u.id, u.next_nag_at is null as starts from users u
      where u.nag_period <> 0 and ${whose} and (u.next_nag_at is null) = exists (
        select from (
          select p.id from projects p where p.owner_id = u.id
          union all select m.project_id from members m where m.user_id = u.id
        ) accessible
        where (select true from checks where project_id = accessible.id and status = 'down' limit 1))
      order by u.id for no key update
    )
    update users u
    set next_nag_at = case when c.starts then ${now}::timestamptz + u.nag_period * interval '1 second' end
    from changing c where c.id = u.id`;
}
