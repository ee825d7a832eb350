import { changeEmail, emailAddress, findUserByEmail, openSigned, signValue } from '@overdue/accounts';
import { z } from 'zod';
import { type Errors, type Values, valuesOf } from '../../http/forms.ts';
import type { SignedIn } from '../../http/handlers.ts';
import { HttpError } from '../../http/http-error.ts';
import { redirect } from '../../http/redirect.ts';
import { requireOwnSignIn } from '../../http/remote-user.ts';
import type { Visit } from '../../http/visit.ts';
import { FormError, TextField } from '../components/fields.tsx';
import { FormActions } from '../components/form-actions.tsx';
import { Link, PostForm } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';
import { changeEmailMail } from './mails.tsx';
import { OwnPasswordField, ownPasswordProblem } from './own-password.tsx';

/*
 * Another e-mail address for an account (accounts.md §9): only a link that was mailed to the new address changes it. The
 * link names the old address, so it works once.
 */

const LIFETIME_MS = 15 * 60_000;
const PURPOSE = 'change-email';

const payload = z.object({ userId: z.number().int(), from: z.string(), to: emailAddress });

/** GET /accounts/change_email/ */
export function showChangeEmail(visit: SignedIn): Promise<void> {
  requireOwnSignIn(visit);
  return sendForm(visit, {}, {});
}

/** POST /accounts/change_email/: mails the link to the new address. */
export async function requestChangeEmail(visit: SignedIn): Promise<void> {
  requireOwnSignIn(visit);
  const { deps, session, site } = visit;
  const { user } = session;
  const values = valuesOf(visit);
  const { mailer } = site.messages.delivery;
  if (!mailer.configured) return sendForm(visit, values, {}, 400);
  const email = emailAddress.safeParse(values.email ?? '');
  if (!email.success) return sendForm(visit, values, { email: email.error.issues[0]!.message }, 400);
  const problem = await ownPasswordProblem(visit, values.password);
  if (problem) return sendForm(visit, values, { password: problem }, 400);
  if (await findUserByEmail(deps.database.sql, email.data)) {
    return sendForm(visit, values, { email: `${email.data} already has an account.` }, 400);
  }
  const value = JSON.stringify({ userId: user.id, from: user.email, to: email.data });
  const signed = signValue(deps.secretKey, PURPOSE, value, deps.clock.now());
  const link = `${deps.config.SITE_ROOT}/accounts/change_email/${signed}/`;
  const sent = await mailer.send({ to: email.data, ...changeEmailMail(visit, { from: user.email, link }) });
  if (sent.result !== 'sent') {
    const why = 'error' in sent ? sent.error : sent.answer;
    return sendForm(visit, values, { '': `The link could not be mailed: ${why}` }, 502);
  }
  redirect(visit, '/accounts/profile/', {
    kind: 'info',
    text: `Open the link in the message to ${email.data} within 15 minutes. Until then nothing changes.`,
  });
}

function sendForm(visit: SignedIn, values: Values, errors: Errors, status = 200): Promise<void> {
  const { user } = visit.session;
  const configured = visit.site.messages.delivery.mailer.configured;
  return sendPage(visit, {
    title: 'Change the e-mail address',
    section: 'account',
    width: 'narrow',
    status,
    body: (
      <>
        <p class="crumbs">
          <Link to="/accounts/profile/">Account settings</Link>
        </p>
        <h1>Change the e-mail address</h1>
        <p class="lead">Now it is {user.email}. A link goes to the new address; opening it makes the change.</p>
        <FormError errors={errors} />
        {configured ? (
          <PostForm action="/accounts/change_email/" class="stack">
            <TextField
              name="email"
              label="New e-mail address"
              type="email"
              autocomplete="email"
              required
              values={values}
              errors={errors}
            />
            <OwnPasswordField name="password" label="Your password" errors={errors} />
            <FormActions submit="Mail the link" cancel="/accounts/profile/" />
          </PostForm>
        ) : (
          <p class="notice notice-warning">
            This installation cannot send e-mail (EMAIL_HOST is not set), so a new address cannot be confirmed.
          </p>
        )}
      </>
    ),
  });
}

function openLink(visit: Visit): z.infer<typeof payload> {
  const { deps, now, req } = visit;
  const opened = openSigned(deps.secretKey, PURPOSE, String(req.params.payload), { now, maxAgeMs: LIFETIME_MS });
  if (!opened) throw badLink();
  return payload.parse(JSON.parse(opened.value));
}

function badLink(): HttpError {
  return new HttpError(400, 'This link is wrong, was used already, or is out of date. Ask for a new one.');
}

/** GET /accounts/change_email/SIGNED/: a button; mail scanners that follow links must not confirm anything. */
export function showConfirmEmail(visit: Visit): Promise<void> {
  const { to } = openLink(visit);
  return sendPage(visit, {
    title: 'Confirm the e-mail address',
    section: 'account',
    width: 'narrow',
    body: (
      <section class="dialog-page">
        <h1>Use {to} from now on?</h1>
        <PostForm action={`/accounts/change_email/${encodeURIComponent(String(visit.req.params.payload))}/`}>
          <button type="submit" class="button primary">
            Use this address
          </button>
        </PostForm>
      </section>
    ),
  });
}

/** POST /accounts/change_email/SIGNED/ (EC-4): an address that was taken meanwhile is a bad link. */
export async function confirmEmail(visit: Visit): Promise<void> {
  const { userId, from, to } = openLink(visit);
  if (!(await changeEmail(visit.deps.database.sql, { userId, from, to }))) throw badLink();
  const text = `The account’s e-mail address is ${to} now.`;
  redirect(visit, visit.session ? '/accounts/profile/' : '/accounts/login/', { kind: 'success', text });
}
