import { createFirstUser, emailAddress, FIRST_PROJECT_NAME, isFirstRun, passwordProblem } from '@overdue/accounts';
import { canonicalZone } from '@overdue/schedules';
import { z } from 'zod';
import { type Errors, parseForm, type Values, valuesOf } from '../../http/forms.ts';
import { redirect } from '../../http/redirect.ts';
import { requireOwnSignIn } from '../../http/remote-user.ts';
import type { Visit } from '../../http/visit.ts';
import { FormError, TextField } from '../components/fields.tsx';
import { Mark } from '../components/icons.tsx';
import { PostForm } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';
import { startSession } from './start-session.ts';

const setupForm = z.object({
  email: emailAddress,
  password: z.string().superRefine((password, context) => {
    const problem = passwordProblem(password);
    if (problem) context.addIssue(problem);
  }),
  tz: z
    .string()
    .optional()
    .transform((tz) => canonicalZone(tz ?? '') ?? 'UTC'),
});

/** GET /setup/: the first visitor of a fresh installation creates the administrator's account. */
export async function showSetup(visit: Visit): Promise<void> {
  requireOwnSignIn(visit);
  if (!(await isFirstRun(visit.deps.database.sql))) return redirect(visit, '/');
  await sendSetup(visit, {}, {});
}

/** POST /setup/. Of two visitors at once one becomes the administrator, the other is sent to sign in. */
export async function setUp(visit: Visit): Promise<void> {
  const { deps } = visit;
  requireOwnSignIn(visit);
  if (!(await isFirstRun(deps.database.sql))) return tooLate(visit);
  const values = valuesOf(visit);
  const form = parseForm(setupForm, values);
  if (!form.ok) return sendSetup(visit, values, form.errors);
  const created = await createFirstUser(deps.database, { ...form.data, projectName: FIRST_PROJECT_NAME });
  if (!created) return tooLate(visit);
  deps.logger.info({ userId: created.user.id }, "The administrator's account was created");
  await startSession(visit, created.user.id);
  redirect(visit, `/projects/${created.project.code}/checks/`, {
    kind: 'success',
    text: 'Your account is ready. Now add the first check.',
  });
}

function tooLate(visit: Visit): void {
  redirect(visit, '/accounts/login/', {
    kind: 'warning',
    text: 'This installation already has an administrator. Sign in, or ask them for an invitation.',
  });
}

function sendSetup(visit: Visit, values: Values, errors: Errors): Promise<void> {
  return sendPage(visit, {
    title: 'Welcome',
    section: 'account',
    width: 'narrow',
    body: (
      <section class="dialog-page">
        <Mark size={44} />
        <h1>Welcome to {visit.site.name}</h1>
        <p class="lead">
          Nobody has an account here yet. This one will be the administrator’s: it can see every project and the state
          of the installation.
        </p>
        <FormError errors={errors} />
        <PostForm action="/setup/" class="stack">
          <TextField
            name="email"
            label="Your e-mail address"
            type="email"
            autocomplete="username"
            required
            autofocus
            values={values}
            errors={errors}
            hint="Alerts go here, until you add other integrations."
          />
          <TextField
            name="password"
            label="Choose a password"
            type="password"
            autocomplete="new-password"
            required
            minlength={8}
            values={{}}
            errors={errors}
            hint="At least 8 characters; a few words in a row are good."
          />
          <input type="hidden" name="tz" value={values.tz ?? ''} data-browser-zone="" />
          <button type="submit" class="button primary wide-button">
            Create the account
          </button>
        </PostForm>
      </section>
    ),
  });
}
