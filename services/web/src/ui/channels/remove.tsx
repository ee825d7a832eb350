import { deleteChannel } from '@overdue/operations';
import type { ForChannel } from '../../http/handlers.ts';
import { redirect } from '../../http/redirect.ts';
import { demand } from '../checks/outcome.ts';
import { FormActions } from '../components/form-actions.tsx';
import { PostForm } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';
import { channelTitle } from './describe.ts';

/** GET /integrations/CH/remove/ */
export function showRemoveChannel(visit: ForChannel): Promise<void> {
  const { channel, access } = visit;
  const list = `/projects/${access.project.code}/integrations/`;
  return sendPage(visit, {
    title: `Remove ${channelTitle(channel)}`,
    section: 'integrations',
    access,
    width: 'narrow',
    body: (
      <section class="dialog-page">
        <h1>Remove the integration</h1>
        <PostForm action={`/integrations/${channel.code}/remove/`} class="stack">
          <p>
            <strong>{channelTitle(channel)}</strong> gets no more messages. What is still on its way there is not sent.
          </p>
          <FormActions submit="Remove it" cancel={list} danger />
        </PostForm>
      </section>
    ),
  });
}

/** POST /integrations/CH/remove/ */
export async function removeChannel(visit: ForChannel): Promise<void> {
  const { channel, access, deps } = visit;
  demand(await deleteChannel(deps.database, { code: channel.code, projectId: channel.project_id }));
  redirect(visit, `/projects/${access.project.code}/integrations/`, {
    kind: 'success',
    text: `${channelTitle(channel)} is removed.`,
  });
}
