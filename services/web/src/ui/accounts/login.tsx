import {
  authenticate,
  BUCKETS,
  createSession,
  endSession,
  isFirstRun,
  returnToken,
  takeToken,
} from '@overdue/accounts';
import { writeSessionCookie } from '../../http/cookies.ts';
import type { Errors, Values } from '../../http/forms.ts';
import { valuesOf } from '../../http/forms.ts';
import { allowedNext, redirect } from '../../http/redirect.ts';
import { requireOwnSignIn } from '../../http/remote-user.ts';
import type { Visit } from '../../http/visit.ts';
import { FormError, TextField } from '../components/fields.tsx';
import { Link, PostForm } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';
import { landingPage } from './landing.ts';
import { requestLink } from './sign-in-link.tsx';
import { registrationOpen } from './signup.tsx';

/** GET /accounts/login/; who is signed in already goes on to where a sign-in leads. */
export async function showLogin(visit: Visit): Promise<void> {
  const { session, req } = visit;
  if (session) return redirect(visit, allowedNext(req.query.next) ?? (await landingPage(visit, session.user)));
  requireOwnSignIn(visit);
  if (await isFirstRun(visit.deps.database.sql)) return redirect(visit, '/setup/');
  await sendLogin(visit, { next: String(req.query.next ?? '') }, {});
}

/** POST /accounts/login/ (accounts.md SI-12): one message for every way in which it can be wrong. */
export async function logIn(visit: Visit): Promise<void> {
  const { deps, req, res, site } = visit;
  requireOwnSignIn(visit);
  const posted = valuesOf(visit);
  const values: Values = { ...posted, next: posted.next || String(req.query.next ?? '') };
  const { email = '', password = '' } = values;
  // SI-2: a form that is not the password's asks for a link.
  if (values.action !== 'login' && password === '') return requestLink(visit, values);
  const remoteAddr = req.ip ?? '';
  const buckets = [
    BUCKETS.passwordByEmail(email.trim().toLowerCase(), deps.secretKey),
    BUCKETS.signInByAddress(remoteAddr),
  ];
  for (const bucket of buckets) {
    if (await takeToken(deps.database, deps.clock, bucket)) continue;
    res.set('Retry-After', '3600');
    return sendLogin(visit, values, { '': 'Too many attempts. Wait a while, then try again.' }, 429);
  }
  const user = await authenticate(deps.database, { email, password });
  if (!user) {
    deps.logger.info({ remoteAddr }, 'A sign-in failed');
    return sendLogin(visit, values, { '': 'The e-mail address or the password is wrong.' });
  }
  // Only failures count against the limits.
  for (const bucket of buckets) await returnToken(deps.database, bucket);
  if (visit.session) await endSession(deps.database, visit.session.tokenHash);
  await startSession(visit, user.id);
  redirect(visit, allowedNext(values.next) ?? (await landingPage(visit, user)));
  deps.logger.info({ remoteAddr, userId: user.id, site: site.name }, 'A user signed in');
}

/** Signs in and hands out the cookie, under a fresh token. */
export async function startSession(visit: Visit, userId: number): Promise<void> {
  const { deps, req, res, site } = visit;
  const token = await createSession(deps.database, deps.clock, {
    userId,
    userAgent: req.headers['user-agent'] ?? '',
    remoteAddr: req.ip ?? null,
  });
  writeSessionCookie(site, res, token);
}

export function sendLogin(visit: Visit, values: Values, errors: Errors, status = 200): Promise<void> {
  return sendPage(visit, {
    title: 'Sign in',
    section: 'account',
    width: 'narrow',
    status,
    body: (
      <section class="dialog-page">
        <h1>Sign in</h1>
        <FormError errors={errors} />
        <PostForm action="/accounts/login/" class="stack">
          <input type="hidden" name="action" value="login" />
          <input type="hidden" name="next" value={allowedNext(values.next) ?? ''} />
          <TextField
            name="email"
            label="E-mail"
            type="email"
            autocomplete="username"
            required
            autofocus={!values.email}
            values={values}
            errors={errors}
          />
          <TextField
            name="password"
            label="Password"
            type="password"
            autocomplete="current-password"
            required
            autofocus={Boolean(values.email)}
            values={{}}
            errors={errors}
          />
          <button type="submit" class="button primary wide-button">
            Sign in
          </button>
        </PostForm>
        <OtherWays visit={visit} values={values} errors={errors} />
      </section>
    ),
  });
}

/** What helps without the password: a mailed link, or somebody with access to the server. */
function OtherWays({
  visit,
  values,
  errors,
}: {
  readonly visit: Visit;
  readonly values: Values;
  readonly errors: Errors;
}) {
  const support = visit.deps.config.SUPPORT_EMAIL;
  const contact = support && (
    <>
      {' '}
      Questions? Write to <a href={`mailto:${support}`}>{support}</a>.
    </>
  );
  if (!visit.site.messages.delivery.mailer.configured) {
    return (
      <p class="muted small">
        Lost your password? Somebody with access to the server can set a new one with{' '}
        <code>overdue users password --email … --password …</code>.{contact}
      </p>
    );
  }
  return (
    <>
      <details class="other-way" open={errors.identity !== undefined}>
        <summary>Sign in with a mailed link, for example to set a new password</summary>
        <PostForm action="/accounts/login/" class="stack">
          <input type="hidden" name="next" value={allowedNext(values.next) ?? ''} />
          <TextField
            name="identity"
            label="Your e-mail address"
            type="email"
            autocomplete="email"
            required
            values={values}
            errors={errors}
          />
          <button type="submit" class="button">
            Mail me a link
          </button>
        </PostForm>
      </details>
      <p class="muted small">
        {registrationOpen(visit) && <Link to="/accounts/signup/">Sign up</Link>}
        {contact}
      </p>
    </>
  );
}
