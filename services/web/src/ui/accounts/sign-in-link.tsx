import {
  BUCKETS,
  createSignInToken,
  emailAddress,
  findUserByEmail,
  SIGN_IN_LINK_LIFETIME_MS,
  takeSignInToken,
  takeToken,
} from '@overdue/accounts';
import { type Values, valuesOf } from '../../http/forms.ts';
import { allowedNext, redirect } from '../../http/redirect.ts';
import { requireOwnSignIn } from '../../http/remote-user.ts';
import type { Visit } from '../../http/visit.ts';
import { PostForm } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';
import { landingPage } from './landing.ts';
import { sendLogin } from './login-form.tsx';
import { signInMail, signInUrl } from './mails.tsx';
import { startSession } from './start-session.ts';

/**
 * POST /accounts/login/ without a password: mails a link that signs in (SI-1 to SI-3). The answer is the same whether or
 * not there is such an account, and does not wait for the mail.
 */
export async function requestLink(visit: Visit, values: Values): Promise<void> {
  const { deps, site, req } = visit;
  if (!site.messages.delivery.mailer.configured) {
    return sendLogin(visit, values, { '': 'The e-mail address or the password is wrong.' });
  }
  const email = emailAddress.safeParse(values.identity ?? values.email ?? '');
  if (!email.success) return sendLogin(visit, values, { identity: email.error.issues[0]!.message });
  const buckets = [BUCKETS.signInLinkByEmail(email.data, deps.secretKey), BUCKETS.signInByAddress(req.ip ?? '')];
  for (const bucket of buckets) {
    if (await takeToken(deps.database, deps.clock, bucket)) continue;
    visit.res.set('Retry-After', '3600');
    return sendLogin(visit, values, { '': 'Too many attempts. Wait a while, then try again.' }, 429);
  }
  void mailLink(visit, email.data, allowedNext(values.next) ?? undefined).catch((err: unknown) =>
    deps.logger.error({ err }, 'A sign-in link could not be mailed'),
  );
  redirect(visit, '/accounts/login_link_sent/');
}

/** Does nothing for an address without an account. */
async function mailLink(visit: Visit, email: string, next: string | undefined): Promise<void> {
  const { deps, site } = visit;
  const { sql } = deps.database;
  const user = await findUserByEmail(sql, email);
  if (!user) return;
  const token = await createSignInToken(sql, deps.clock, { userId: user.id, lifetimeMs: SIGN_IN_LINK_LIFETIME_MS });
  const mail = signInMail(visit, signInUrl(visit, user, token, next));
  const result = await site.messages.delivery.mailer.send({ to: user.email, ...mail });
  if (result.result !== 'sent') throw new Error('error' in result ? result.error : result.answer);
}

/** GET /accounts/login_link_sent/ */
export function showLinkSent(visit: Visit): Promise<void> {
  return sendPage(visit, {
    title: 'Check your mail',
    section: 'account',
    width: 'narrow',
    body: (
      <section class="dialog-page">
        <h1>Check your mail</h1>
        <p>If this address has an account here, a link to sign in with is on its way to it. It works for one hour.</p>
      </section>
    ),
  });
}

/** GET /accounts/check_token/USER/TOKEN/: a button; mail scanners that follow links must not use the link up (SI-6). */
export function showTakeLink(visit: Visit): Promise<void> {
  const { username, token } = visit.req.params as Record<string, string>;
  const next = allowedNext(visit.req.query.next);
  return sendPage(visit, {
    title: 'Sign in',
    section: 'account',
    width: 'narrow',
    body: (
      <section class="dialog-page">
        <h1>Sign in to {visit.site.name}</h1>
        <PostForm action={`/accounts/check_token/${encodeURIComponent(username!)}/${encodeURIComponent(token!)}/`}>
          {next && <input type="hidden" name="next" value={next} />}
          <button type="submit" class="button primary">
            Sign in
          </button>
        </PostForm>
      </section>
    ),
  });
}

/** POST /accounts/check_token/USER/TOKEN/ */
export async function takeLink(visit: Visit): Promise<void> {
  const { deps, req } = visit;
  requireOwnSignIn(visit);
  const { username = '', token = '' } = req.params as Record<string, string>;
  const user = await takeSignInToken(deps.database.sql, deps.clock, { username, token });
  if (!user) {
    return redirect(visit, '/accounts/login/', {
      kind: 'warning',
      text: 'That link is wrong, was used already, or is out of date. Ask for a new one.',
    });
  }
  await startSession(visit, user.id);
  if (!user.has_password) {
    return redirect(visit, '/accounts/profile/', {
      kind: 'info',
      text: 'Welcome! Choose a password now, so that you can sign in again later.',
    });
  }
  const next = allowedNext(valuesOf(visit).next) ?? allowedNext(req.query.next);
  redirect(visit, next ?? (await landingPage(visit, user)));
}
