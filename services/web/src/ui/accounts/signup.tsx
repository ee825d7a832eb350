import {
  BUCKETS,
  createSignInToken,
  createUserWithProject,
  emailAddress,
  FIRST_PROJECT_NAME,
  findUserByEmail,
  isFirstRun,
  SIGN_IN_LINK_LIFETIME_MS,
  takeToken,
} from '@overdue/accounts';
import { canonicalZone } from '@overdue/schedules';
import { type Errors, type Values, valuesOf } from '../../http/forms.ts';
import { forbidden } from '../../http/http-error.ts';
import { redirect } from '../../http/redirect.ts';
import type { Visit } from '../../http/visit.ts';
import { FormError, TextField } from '../components/fields.tsx';
import { Link, PostForm } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';
import { signInMail, signInUrl } from './mails.tsx';

/** Anybody may, if REGISTRATION_OPEN and links can be mailed; people who are signed in have an account (SU-1, SU-2). */
export function registrationOpen(visit: Visit): boolean {
  const { messages } = visit.site;
  return visit.deps.config.REGISTRATION_OPEN && visit.remoteUser === null && messages.delivery.mailer.configured;
}

function requireOpen(visit: Visit): void {
  if (!registrationOpen(visit)) throw forbidden('New accounts are made by invitation here.');
  if (visit.session) throw forbidden('You already have an account.');
}

/** GET /accounts/signup/ */
export async function showSignup(visit: Visit): Promise<void> {
  requireOpen(visit);
  if (await isFirstRun(visit.deps.database.sql)) return redirect(visit, '/setup/');
  return sendSignup(visit, {}, {});
}

/** GET /accounts/signup/csrf/: the token for a script that signs people up, as plain text (SU-3). */
export function showSignupToken(visit: Visit): void {
  requireOpen(visit);
  visit.res.type('text/plain').send(visit.csrfToken());
}

/** POST /accounts/signup/: the answer is the same whether or not the address has an account (SU-7). */
export async function signUp(visit: Visit): Promise<void> {
  requireOpen(visit);
  const { deps, req } = visit;
  if (await isFirstRun(deps.database.sql)) return redirect(visit, '/setup/');
  const values = valuesOf(visit);
  const email = emailAddress.safeParse(values.identity ?? '');
  if (!email.success) return sendSignup(visit, values, { identity: email.error.issues[0]!.message });
  for (const bucket of [BUCKETS.signInByAddress(req.ip ?? ''), BUCKETS.signInLinkByEmail(email.data, deps.secretKey)]) {
    if (await takeToken(deps.database, deps.clock, bucket)) continue;
    visit.res.set('Retry-After', '3600');
    return sendSignup(visit, values, { '': 'Too many attempts. Wait a while, then try again.' }, 429);
  }
  void register(visit, email.data, canonicalZone(values.tz ?? '') ?? 'UTC').catch((err: unknown) =>
    deps.logger.error({ err }, 'A sign-up could not be completed'),
  );
  redirect(visit, '/accounts/login_link_sent/');
}

async function register(visit: Visit, email: string, tz: string): Promise<void> {
  const { deps, site } = visit;
  const user =
    (await createUserWithProject(deps.database, { email, projectName: FIRST_PROJECT_NAME, tz })) ??
    (await findUserByEmail(deps.database.sql, email));
  if (!user) return;
  const token = await createSignInToken(deps.database.sql, deps.clock, {
    userId: user.id,
    lifetimeMs: SIGN_IN_LINK_LIFETIME_MS,
  });
  const mail = signInMail(visit, signInUrl(visit, user, token));
  const result = await site.messages.delivery.mailer.send({ to: email, ...mail });
  if (result.result !== 'sent') throw new Error('error' in result ? result.error : result.answer);
}

function sendSignup(visit: Visit, values: Values, errors: Errors, status = 200): Promise<void> {
  return sendPage(visit, {
    title: 'Sign up',
    section: 'account',
    width: 'narrow',
    status,
    body: (
      <section class="dialog-page">
        <h1>Sign up</h1>
        <p class="lead">We mail you a link to sign in with; then you choose a password.</p>
        <FormError errors={errors} />
        <PostForm action="/accounts/signup/" class="stack">
          <TextField
            name="identity"
            label="E-mail"
            type="email"
            autocomplete="email"
            required
            autofocus
            values={values}
            errors={errors}
          />
          <input type="hidden" name="tz" value={values.tz ?? ''} data-browser-zone="" />
          <button type="submit" class="button primary wide-button">
            Mail me a link
          </button>
        </PostForm>
        <p class="muted small">
          <Link to="/accounts/login/">I have an account</Link>
        </p>
      </section>
    ),
  });
}
