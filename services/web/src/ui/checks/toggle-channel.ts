import { toggleChannel } from '@overdue/operations';
import { valuesOf } from '../../http/forms.ts';
import { type ForCheck, isUuid } from '../../http/handlers.ts';
import { HttpError, notFound } from '../../http/http-error.ts';
import { redirect } from '../../http/redirect.ts';
import { findChannel } from '../../rows/channel.ts';
import { backTo } from './back.tsx';
import { demand } from './outcome.ts';

/** POST /checks/C/channels/CH/enabled with state=on, or anything else for off. Another project's channel: 400. */
export async function setChannel(visit: ForCheck): Promise<void> {
  const { channel } = visit.req.params;
  const { database } = visit.deps;
  if (!isUuid(channel)) throw notFound();
  const row = await findChannel(database.sql, channel);
  if (!row) throw notFound();
  if (row.project_id !== visit.check.project_id) {
    throw new HttpError(400, 'That integration belongs to another project.');
  }
  demand(
    await toggleChannel(database, {
      code: visit.check.code,
      projectId: visit.check.project_id,
      channel: row.code,
      on: valuesOf(visit).state === 'on',
    }),
  );
  redirect(visit, backTo(visit));
}
