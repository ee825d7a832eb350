import type { Instant } from '@overdue/clock';
import type { Sql, TransactionSql } from '@overdue/database';

/**
 * G2: starts or stops the reminders of everybody with access to the projects, owners and members alike: any accessible
 * check stored as down and no reminder due: one period from now; none down: no reminder; a date that is set stays.
 * Called when a flip is dispatched, on pause, and when an edit takes a check down.
 */
export async function updateNagDates(
  sql: Sql | TransactionSql,
  projectIds: readonly number[],
  now: Instant,
): Promise<void> {
  const ids = projectIds as number[];
  await startOrStop(
    sql,
    sql`u.id in (
        select owner_id from projects where id = any (${ids}::bigint[])
        union select user_id from members where project_id = any (${ids}::bigint[]))`,
    now,
  );
}

/** The same for one person, whose settings have changed (G4). */
export function updateNagDateOf(sql: Sql | TransactionSql, userId: number, now: Instant): Promise<void> {
  return startOrStop(sql, sql`u.id = ${userId}`, now);
}

/** The same for everybody: checks also go down and up with a ping, and an ingester has no time for this. */
export function updateAllNagDates(sql: Sql | TransactionSql, now: Instant): Promise<void> {
  return startOrStop(sql, sql`true`, now);
}

async function startOrStop(sql: Sql | TransactionSql, whose: ReturnType<Sql>, now: Instant): Promise<void> {
  // Where something is down is found once, and not for each person anew; with nobody to remind, not at all.
  await sql`
    with people as (
      select u.id from users u where u.nag_period <> 0 and ${whose}
    ), down as materialized (
      select distinct project_id from checks where status = 'down'
    ), judged as (
      select people.id, exists (
        select from down where down.project_id in (
          select p.id from projects p where p.owner_id = people.id
          union all select m.project_id from members m where m.user_id = people.id)
      ) as any_down from people
    )
    update users u
    set next_nag_at = case when j.any_down then ${now}::timestamptz + u.nag_period * interval '1 second' end
    from judged j
    where u.id = j.id and j.any_down = (u.next_nag_at is null)`;
}
