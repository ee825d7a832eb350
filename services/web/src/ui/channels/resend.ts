import { resend } from '@overdue/notifications';
import { valuesOf } from '../../http/forms.ts';
import type { InProject } from '../../http/handlers.ts';
import { HttpError } from '../../http/http-error.ts';
import { redirect } from '../../http/redirect.ts';

/** As many as the page lists. */
const MOST = 20;

/**
 * POST /projects/P/resend/ with message=ID (several: separated by spaces): owes messages that were given up once more,
 * with the same delivery ids.
 */
export async function resendMessage(visit: InProject): Promise<void> {
  const { access, deps } = visit;
  const ids = (valuesOf(visit).message ?? '').split(' ').filter(Boolean).map(Number);
  if (ids.length === 0 || ids.length > MOST || !ids.every((id) => Number.isSafeInteger(id) && id > 0)) {
    throw new HttpError(400, 'This form does not say which message.');
  }
  let owed = 0;
  for (const id of ids) if (await resend(deps.database.sql, id, access.project.id)) owed++;
  redirect(
    visit,
    `/projects/${access.project.code}/integrations/`,
    owed > 0
      ? {
          kind: 'success',
          text: owed === 1 ? 'The message is on its way again.' : `${owed} messages are on their way again.`,
        }
      : {
          kind: 'info',
          text: 'Nothing was sent again: the message is on its way already, or its integration is switched off.',
        },
  );
}
