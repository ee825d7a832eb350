import { isChannelToken, openUnsubscribe } from '@overdue/notifications';
import { updateChannel } from '@overdue/operations';
import { isUuid } from '../../http/handlers.ts';
import { notFound } from '../../http/http-error.ts';
import type { Visit } from '../../http/visit.ts';
import { type ChannelRow, findChannel } from '../../rows/channel.ts';
import { sendPage } from '../components/page.tsx';
import { emailValue } from './describe.ts';

async function mailedChannel(visit: Visit): Promise<ChannelRow> {
  const code = visit.req.params.channel;
  if (!isUuid(code)) throw notFound();
  const channel = await findChannel(visit.deps.database.sql, code.toLowerCase());
  if (channel?.kind !== 'email') throw notFound();
  return channel;
}

/** GET /integrations/CH/verify/TOKEN/: from the mail that asks for it; no sign-in. */
export async function verify(visit: Visit): Promise<void> {
  const channel = await mailedChannel(visit);
  if (!isChannelToken(visit.deps.secretKey, channel.code, String(visit.req.params.token))) return badLink(visit);
  await updateChannel(visit.deps.database, {
    code: channel.code,
    projectId: channel.project_id,
    email_verified: true,
  });
  await sendPage(visit, {
    title: 'Confirmed',
    width: 'narrow',
    body: (
      <section class="dialog-page">
        <h1>Confirmed</h1>
        <p>Alerts now go to {emailValue(channel.value).value}.</p>
      </section>
    ),
  });
}

/** Mail scanners follow links while the mail is young. */
const SCANNED_MS = 300_000;

/**
 * GET /integrations/CH/unsub/SIGNED/: asks; scanners that follow links must not switch alerts off. The page of an older
 * link sends itself.
 */
export async function showUnsubscribe(visit: Visit): Promise<void> {
  const channel = await mailedChannel(visit);
  const link = openUnsubscribe(visit.deps.secretKey, channel.code, String(visit.req.params.signed));
  if (!link) return badLink(visit);
  const sendsItself = visit.now - link.signedAt > SCANNED_MS;
  const address = emailValue(channel.value).value;
  await sendPage(visit, {
    title: 'Unsubscribe',
    width: 'narrow',
    body: (
      <section class="dialog-page">
        <h1>Stop these alerts?</h1>
        <p>{address} gets no more alerts from this integration.</p>
        {/* No CSRF token: mail programs post here by themselves (one-click unsubscribe); the link is the proof. */}
        <form method="post" class="stack" data-sends-itself={sendsItself ? '' : undefined}>
          <button type="submit" class="button primary">
            Unsubscribe
          </button>
        </form>
      </section>
    ),
  });
}

/** POST /integrations/CH/unsub/SIGNED/ */
export async function unsubscribe(visit: Visit): Promise<void> {
  const channel = await mailedChannel(visit);
  if (!openUnsubscribe(visit.deps.secretKey, channel.code, String(visit.req.params.signed))) return badLink(visit);
  await updateChannel(visit.deps.database, { code: channel.code, projectId: channel.project_id, disabled: true });
  await sendPage(visit, {
    title: 'Unsubscribed',
    width: 'narrow',
    body: (
      <section class="dialog-page">
        <h1>Unsubscribed</h1>
        <p>{emailValue(channel.value).value} gets no more alerts from this integration.</p>
      </section>
    ),
  });
}

function badLink(visit: Visit): Promise<void> {
  return sendPage(visit, {
    title: 'Incorrect link',
    width: 'narrow',
    status: 400,
    body: (
      <section class="dialog-page">
        <h1>Incorrect link</h1>
        <p>This link is damaged or out of date. If you copied it, check that it is whole.</p>
      </section>
    ),
  });
}
