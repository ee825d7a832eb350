import { createSession } from '@overdue/accounts';
import { writeSessionCookie } from '../../http/cookies.ts';
import type { Visit } from '../../http/visit.ts';

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
