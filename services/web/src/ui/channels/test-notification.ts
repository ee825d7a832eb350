import { BUCKETS, takeToken } from '@overdue/accounts';
import type { Database } from '@overdue/database';
import type { ForChannel } from '../../http/handlers.ts';
import { tooMany } from '../../http/http-error.ts';
import { redirect } from '../../http/redirect.ts';
import { channelTitle } from './describe.ts';

/** How long the page waits for the outcome, in milliseconds; after it the integrations page tells. */
const PATIENCE_MS = 12_000;
const POLL_MS = 150;

/**
 * POST /integrations/CH/test/: a message about a check called TEST, the way alerts go: through the outbox, delivered by
 * sendalerts. So what arrives here arrives in earnest, too. Any member may (accounts.md §14).
 */
export async function testChannel(visit: ForChannel): Promise<void> {
  const { channel, access, deps, session } = visit;
  const list = `/projects/${access.project.code}/integrations/`;
  if (!(await takeToken(deps.database, deps.clock, BUCKETS.testsByUser(session.user.id)))) throw tooMany(60);
  if (!channel.notify_down && !channel.notify_up) {
    return redirect(visit, list, { kind: 'warning', text: 'This integration does not want to hear of anything.' });
  }
  const id = await enqueueTest(deps.database, channel.id, channel.notify_down ? 'down' : 'up');
  const result = await outcomeOf(visit, id);
  const title = channelTitle(channel);
  redirect(
    visit,
    list,
    result === null
      ? { kind: 'warning', text: `The test to ${title} is still on its way. Is sendalerts running?` }
      : result.state === 'sent'
        ? { kind: 'success', text: `The test to ${title} was delivered.` }
        : { kind: 'error', text: `Could not send a test notification to ${title}. ${result.error}` },
  );
}

async function enqueueTest(database: Database, channelId: number, status: 'down' | 'up'): Promise<number> {
  return database.sql.begin(async (sql) => {
    await sql`delete from notifications where channel_id = ${channelId} and flip_id is null`;
    const [row] = await sql<{ id: number }[]>`
      insert into notifications (channel_id, check_status, next_attempt_at)
      values (${channelId}, ${status}, now()) returning id`;
    await sql`select pg_notify('notifications_owed', '')`;
    return row!.id;
  });
}

interface Result {
  readonly state: 'sent' | 'failed' | 'dropped';
  readonly error: string;
}

/** Waits for the delivery to end, or for its first failure; null when it takes too long. */
async function outcomeOf(visit: ForChannel, id: number): Promise<Result | null> {
  const { clock, database } = visit.deps;
  const until = clock.monotonic() + PATIENCE_MS;
  while (clock.monotonic() < until) {
    const [row] = await database.sql<{ state: string; error: string; attempts: number }[]>`
      select state, error, attempts from notifications where id = ${id}`;
    if (!row) return { state: 'dropped', error: 'The integration was removed meanwhile.' };
    if (row.state === 'sent') return { state: 'sent', error: '' };
    if (row.state !== 'owed') return { state: 'failed', error: row.error };
    // It would be tried again later; the person who waits wants to know now.
    if (row.attempts > 0 && row.error !== '') return { state: 'failed', error: row.error };
    await clock.sleep(POLL_MS);
  }
  return null;
}
