import { endSession } from '@overdue/accounts';
import { removeSessionCookie } from '../../http/cookies.ts';
import { redirect } from '../../http/redirect.ts';
import type { Visit } from '../../http/visit.ts';

/** POST /accounts/logout/ */
export async function logOut(visit: Visit): Promise<void> {
  if (visit.session) await endSession(visit.deps.database, visit.session.tokenHash);
  removeSessionCookie(visit.site, visit.res);
  redirect(visit, '/');
}
