import { SESSION_LIFETIME_MS } from '@overdue/accounts';
import { parseCookie, stringifySetCookie } from 'cookie';
import type { Request, Response } from 'express';
import type { Site } from '../site.ts';

/** As it was sent; undefined: it was not. */
export function readCookie(req: Request, name: string): string | undefined {
  return req.headers.cookie === undefined ? undefined : parseCookie(req.headers.cookie)[name];
}

/** HttpOnly, SameSite=Lax, Secure when the site is HTTPS, for the site's path only. `maxAge` in seconds; 0 removes it. */
export function writeCookie(site: Site, res: Response, name: string, value: string, maxAge: number): void {
  res.append(
    'Set-Cookie',
    stringifySetCookie({
      name,
      value,
      path: `${site.base}/`,
      httpOnly: true,
      sameSite: 'lax',
      secure: site.secure,
      maxAge,
    }),
  );
}

/** @param token what the visitor is known by from now on; the database has its hash only */
export function writeSessionCookie(site: Site, res: Response, token: string): void {
  writeCookie(site, res, site.sessionCookie, token, SESSION_LIFETIME_MS / 1000);
}

/** The visitor is nobody from now on; the session itself is ended elsewhere. */
export function removeSessionCookie(site: Site, res: Response): void {
  writeCookie(site, res, site.sessionCookie, '', 0);
}
