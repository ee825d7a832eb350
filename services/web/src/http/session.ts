import { findSession, type Session } from '@overdue/accounts';
import { canonicalZone } from '@overdue/schedules';
import type { Request, Response } from 'express';
import type { WebDeps } from '../deps.ts';
import type { Site } from '../site.ts';
import { writeSessionCookie } from './cookies.ts';
import { remoteUserSession } from './remote-user.ts';
import { cookieToken } from './visit.ts';

/**
 * Who is asking; one query, none for visitors without a cookie. A session that was extended gets its cookie again. A time
 * zone that the tz database does not know any more is UTC, so that the account's pages, where it can be changed, open.
 */
export async function readSession(deps: WebDeps, site: Site, req: Request, res: Response): Promise<Session | null> {
  const session = await storedSession(deps, site, req, res);
  return session && { ...session, user: { ...session.user, tz: canonicalZone(session.user.tz) ?? 'UTC' } };
}

async function storedSession(deps: WebDeps, site: Site, req: Request, res: Response): Promise<Session | null> {
  const remote = await remoteUserSession(deps, req);
  if (remote !== undefined) return remote;
  const token = cookieToken(site, req);
  if (token === null) return null;
  const session = await findSession(deps.database, deps.clock, token);
  if (session?.extended) writeSessionCookie(site, res, token);
  return session;
}
