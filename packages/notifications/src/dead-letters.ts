import type { Instant } from '@overdue/clock';
import type { Sql } from '@overdue/database';

/** A message that was given up: refused for good, or not delivered within a day. */
export interface DeadLetter {
  readonly id: number;
  /** The delivery id that the receiver saw. */
  readonly code: string;
  readonly channelCode: string;
  readonly channelKind: string;
  readonly channelName: string;
  readonly checkCode: string;
  readonly checkName: string;
  readonly checkStatus: string;
  /** When the status changed. */
  readonly flippedAt: Instant;
  readonly finishedAt: Instant;
  readonly attempts: number;
  readonly error: string;
}

/** The project's dead letters of the last 30 days, newest first. */
export async function deadLetters(sql: Sql, projectId: number, limit = 100): Promise<DeadLetter[]> {
  return await sql<DeadLetter[]>`
    select n.id, n.code, c.code as "channelCode", c.kind as "channelKind", c.name as "channelName",
           k.code as "checkCode", k.name as "checkName", n.check_status as "checkStatus",
           f.created_at as "flippedAt", n.finished_at as "finishedAt", n.attempts, n.error
    from channels c
    join notifications n on n.channel_id = c.id
    join checks k on k.id = n.check_id
    join flips f on f.id = n.flip_id
    where c.project_id = ${projectId} and n.state = 'failed' and n.finished_at > now() - interval '30 days'
    order by n.id desc limit ${limit}`;
}

/**
 * Owes a dead letter again, with the same delivery id, from now: the resend button.
 * @returns false when it is not one (any more), is not of this project, or its channel is switched off: it stays one then
 */
export async function resend(sql: Sql, notificationId: number, projectId: number): Promise<boolean> {
  return await sql.begin(async (tx) => {
    const rows = await tx`
      update notifications n
      set state = 'owed', error = '', attempts = 0, next_attempt_at = now(), finished_at = null, created_at = now()
      from channels c
      where n.id = ${notificationId} and n.state = 'failed' and n.check_id is not null
        and c.id = n.channel_id and c.project_id = ${projectId} and not c.disabled
      returning n.id`;
    if (rows.length > 0) await tx`select pg_notify('notifications_owed', '')`;
    return rows.length > 0;
  });
}
