import { authenticate, BUCKETS, endSession, isFirstRun, returnToken, takeToken } from '@overdue/accounts';
import { type Values, valuesOf } from '../../http/forms.ts';
import { allowedNext, redirect } from '../../http/redirect.ts';
import { requireOwnSignIn } from '../../http/remote-user.ts';
import type { Visit } from '../../http/visit.ts';
import { landingPage } from './landing.ts';
import { sendLogin } from './login-form.tsx';
import { requestLink } from './sign-in-link.tsx';
import { startSession } from './start-session.ts';

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
