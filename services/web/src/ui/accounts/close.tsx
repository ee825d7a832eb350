import { belongings, closeAccount } from '@overdue/accounts';
import { plural } from '@overdue/checks';
import { type Errors, type Values, valuesOf } from '../../http/forms.ts';
import type { SignedIn } from '../../http/handlers.ts';
import { redirect } from '../../http/redirect.ts';
import { FormError, TextField } from '../components/fields.tsx';
import { FormActions } from '../components/form-actions.tsx';
import { Link, PostForm } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';
import { OwnPasswordField, ownPasswordProblem } from './own-password.tsx';

/** GET /accounts/close/ */
export function showClose(visit: SignedIn): Promise<void> {
  return sendClose(visit, {}, {});
}

/** POST /accounts/close/ (CL-1, CL-2): the address typed exactly, and the password. */
export async function close(visit: SignedIn): Promise<void> {
  const { deps, session } = visit;
  const { user } = session;
  const values = valuesOf(visit);
  if (values.confirmation !== user.email) {
    return sendClose(visit, values, { confirmation: 'Enter the address exactly as it is shown above.' }, 400);
  }
  const problem = await ownPasswordProblem(visit, values.password);
  if (problem) return sendClose(visit, values, { password: problem }, 400);
  const { onlyAdministrator } = await belongings(deps.database.sql, user.id);
  if (onlyAdministrator) return sendClose(visit, values, {}, 400);
  await closeAccount(deps.database, user.id);
  deps.logger.info({ userId: user.id }, 'An account was closed');
  redirect(visit, '/accounts/login/', { kind: 'info', text: 'Your account is closed, and everything in it is gone.' });
}

async function sendClose(visit: SignedIn, values: Values, errors: Errors, status = 200): Promise<void> {
  const { user } = visit.session;
  const { projects, checks, onlyAdministrator } = await belongings(visit.deps.database.sql, user.id);
  await sendPage(visit, {
    title: 'Close the account',
    section: 'account',
    width: 'narrow',
    status,
    body: (
      <>
        <p class="crumbs">
          <Link to="/accounts/profile/">Account settings</Link>
        </p>
        <h1>Close the account</h1>
        {onlyAdministrator ? (
          <p class="notice notice-warning">
            This is the only administrator’s account: without it nobody could look after this installation, so it cannot
            be closed.
          </p>
        ) : (
          <>
            <p>
              The account <strong>{user.email}</strong> is deleted at once, and with it {plural(projects, 'project')}{' '}
              and {plural(checks, 'check')}: nobody is alerted about them any more. There is no undo. Projects that
              others should keep can be handed over first, in their settings.
            </p>
            <FormError errors={errors} />
            <PostForm action="/accounts/close/" class="stack">
              <TextField
                name="confirmation"
                label={`Type ${user.email} to confirm`}
                autocomplete="off"
                spellcheck={false}
                required
                values={values}
                errors={errors}
              />
              <OwnPasswordField name="password" label="Your password" errors={errors} />
              <FormActions submit="Close the account" cancel="/accounts/profile/" danger />
            </PostForm>
          </>
        )}
      </>
    ),
  });
}
