import { newSessionToken, type Session, signature } from '@overdue/accounts';
import type { Instant } from '@overdue/clock';
import { remoteUserHeader } from '@overdue/config';
import type { Request, Response } from 'express';
import type { WebDeps } from '../deps.ts';
import type { Site } from '../site.ts';
import { readCookie, writeSessionCookie } from './cookies.ts';
import { type Flash, takeFlash } from './flash.ts';

/** One request to the pages: who asks, and what the answer is made with. Handlers take this and nothing else. */
export interface Visit {
  readonly deps: WebDeps;
  readonly site: Site;
  readonly req: Request;
  readonly res: Response;
  readonly now: Instant;
  /** Null: not signed in. */
  readonly session: Session | null;
  /** The proxy signs people in (REMOTE_USER_HEADER, in lower case); null: we do. */
  readonly remoteUser: string | null;
  /** What the previous page wants said on this one; taken when read. */
  flash(): Flash | null;
  /** The token that forms send along; bound to the session cookie, which this sets when the visitor has none. */
  csrfToken(): string;
}

/** @param session what the request's cookie, or the proxy, says; null: not signed in */
export function makeVisit(deps: WebDeps, site: Site, req: Request, res: Response, session: Session | null): Visit {
  let flash: Flash | null | undefined;
  let token = cookieToken(site, req);
  return {
    deps,
    site,
    req,
    res,
    now: deps.clock.now(),
    session,
    remoteUser: remoteUserHeader(deps.config),
    flash() {
      if (flash === undefined) flash = takeFlash(deps, site, req, res);
      return flash;
    },
    csrfToken() {
      if (token === null) {
        token = newSessionToken();
        writeSessionCookie(site, res, token);
      }
      return csrfTokenOf(deps.secretKey, token);
    },
  };
}

/** The session cookie's value if it looks like one of ours; whether anybody is signed in under it is another question. */
export function cookieToken(site: Site, req: Request): string | null {
  const token = readCookie(req, site.sessionCookie);
  return token !== undefined && /^[A-Za-z0-9_-]{43}$/.test(token) ? token : null;
}

/** @param cookieValue the session cookie's; whoever cannot read it cannot make the token */
export function csrfTokenOf(secretKey: string, cookieValue: string): string {
  return signature(secretKey, 'csrf', cookieValue);
}
