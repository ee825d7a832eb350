import { resend } from '@overdue/notifications';
import { valuesOf } from '../../http/forms.ts';
import type { InProject } from '../../http/handlers.ts';
import { HttpError } from '../../http/http-error.ts';
import { redirect } from '../../http/redirect.ts';

/** POST /projects/P/resend/ with message=ID: owes a message that was given up once more, with the same delivery id. */
export async function resendMessage(visit: InProject): Promise<void> {
  const { access, deps } = visit;
  const id = Number(valuesOf(visit).message);
  if (!Number.isSafeInteger(id)) throw new HttpError(400, 'This form does not say which message.');
  const owed = await resend(deps.database.sql, id, access.project.id);
  redirect(
    visit,
    `/projects/${access.project.code}/integrations/`,
    owed
      ? { kind: 'success', text: 'The message is on its way again.' }
      : { kind: 'info', text: 'That message is no longer among those that were given up.' },
  );
}
