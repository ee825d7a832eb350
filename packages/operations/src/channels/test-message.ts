import type { Database } from '@overdue/database';
import { NO_SUCH_CHANNEL, type Outcome, outcomeOf, rollBack } from '../outcome.ts';
import { type ChannelReference, lockChannel } from './channels.ts';

/** How the delivery of a test message went so far. `owed`: not yet delivered. */
export interface TestMessage {
  readonly state: 'owed' | 'sent' | 'failed' | 'dropped';
  readonly error: string;
}

/**
 * Puts a message about a made-up check into the outbox, in place of the channel's earlier tests (D13); sendalerts
 * delivers it as it delivers alerts. About going down, or coming up when the channel does not want to hear of down.
 * @returns the notification's id, or null when the channel wants to hear of nothing. Refused: `not-found`
 */
export function enqueueTest(
  database: Database,
  { code, projectId }: ChannelReference,
): Promise<Outcome<{ readonly id: number } | null>> {
  return outcomeOf(() =>
    database.sql.begin(async (sql) => {
      const channel = await lockChannel(sql, { code, projectId });
      if (!channel) rollBack(NO_SUCH_CHANNEL);
      if (!channel.notify_down && !channel.notify_up) return null;
      await sql`delete from notifications where channel_id = ${channel.id} and flip_id is null`;
      const [row] = await sql<{ id: number }[]>`
        insert into notifications (channel_id, check_status, next_attempt_at)
        values (${channel.id}, ${channel.notify_down ? 'down' : 'up'}, now()) returning id`;
      await sql`select pg_notify('notifications_owed', '')`;
      return row!;
    }),
  );
}

/** What became of it; a first failed attempt counts as failed although it will be tried again. */
export async function readTest(database: Database, id: number): Promise<TestMessage> {
  const [row] = await database.sql<(TestMessage & { attempts: number })[]>`
    select state, error, attempts from notifications where id = ${id}`;
  if (!row) return { state: 'dropped', error: 'The integration was removed meanwhile.' };
  if (row.state === 'owed' && row.attempts > 0 && row.error !== '') return { state: 'failed', error: row.error };
  return { state: row.state, error: row.state === 'sent' || row.state === 'owed' ? '' : row.error };
}
