import { emailValue, isChannelToken, openUnsubscribe } from '@overdue/notifications';
import { updateChannel } from '@overdue/operations';
import { isUuid } from '../../http/handlers.ts';
import { notFound } from '../../http/http-error.ts';
import type { Visit } from '../../http/visit.ts';
import { type ChannelRow, findChannel } from '../../rows/channel.ts';
import { sendBadLink, UnsubscribeForm } from '../components/mailed-link.tsx';
import { sendPage } from '../components/page.tsx';

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
  if (!isChannelToken(visit.deps.secretKey, channel.code, String(visit.req.params.token))) return sendBadLink(visit);
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

/** GET /integrations/CH/unsub/SIGNED/: asks. */
export async function showUnsubscribe(visit: Visit): Promise<void> {
  const channel = await mailedChannel(visit);
  const link = openUnsubscribe(visit.deps.secretKey, channel.code, String(visit.req.params.signed));
  if (!link) return sendBadLink(visit);
  const address = emailValue(channel.value).value;
  await sendPage(visit, {
    title: 'Unsubscribe',
    width: 'narrow',
    body: (
      <section class="dialog-page">
        <h1>Stop these alerts?</h1>
        <p>{address} gets no more alerts from this integration.</p>
        <UnsubscribeForm visit={visit} signedAt={link.signedAt} />
      </section>
    ),
  });
}

/** POST /integrations/CH/unsub/SIGNED/ */
export async function unsubscribe(visit: Visit): Promise<void> {
  const channel = await mailedChannel(visit);
  if (!openUnsubscribe(visit.deps.secretKey, channel.code, String(visit.req.params.signed))) return sendBadLink(visit);
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
