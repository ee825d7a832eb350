import { BUCKETS, takeToken } from '@overdue/accounts';
import { sendTest } from '@overdue/notifications';
import type { ForChannel } from '../../http/handlers.ts';
import { tooMany } from '../../http/http-error.ts';
import { redirect } from '../../http/redirect.ts';
import { channelTitle } from './describe.ts';

/**
 * POST /integrations/CH/test/: a message about a check called TEST, and how it went (notifications.md §5). Any member
 * may (accounts.md §14).
 */
export async function testChannel(visit: ForChannel): Promise<void> {
  const { channel, access, deps, session, site } = visit;
  if (!(await takeToken(deps.database, deps.clock, BUCKETS.testsByUser(session.user.id)))) throw tooMany(60);
  const result = await sendTest(site.messages.delivery, channel.id);
  const title = channelTitle(channel);
  redirect(
    visit,
    `/projects/${access.project.code}/integrations/`,
    result.ok
      ? { kind: 'success', text: `The test notification to ${title} was delivered.` }
      : { kind: 'error', text: `Could not send a test notification. ${sentence(result.error)}` },
  );
}

function sentence(error: string): string {
  return /[.!?]$/.test(error) ? error : `${error}.`;
}
