import { timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { WebDeps } from '../deps.ts';
import type { Site } from '../site.ts';
import { HttpError } from './http-error.ts';
import { cookieToken, csrfTokenOf } from './visit.ts';

/** Name of the hidden input. */
export const CSRF_FIELD = '_csrf';

/** Ours, and those of scripts written for Healthchecks. */
const FIELDS = [CSRF_FIELD, 'csrfmiddlewaretoken'];
const HEADERS = ['x-csrf-token', 'x-csrftoken'];

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses what another site made a browser send: every request that may change something needs a token that only our
 * own pages could read, bound to the session cookie, and must not say that it comes from elsewhere. Runs after the
 * body has been parsed.
 */
export function csrfProtection(deps: WebDeps, site: Site): RequestHandler {
  return (req, _res, next) => {
    if (SAFE.has(req.method)) return next();
    if (comesFromElsewhere(site, req.headers)) {
      throw new HttpError(403, 'This form was sent by another site, so nothing was changed.');
    }
    const token = cookieToken(site, req);
    const body = req.body as Record<string, unknown> | undefined;
    const given = firstOf(FIELDS, body) ?? firstOf(HEADERS, req.headers);
    if (token === null || typeof given !== 'string' || !same(given, csrfTokenOf(deps.secretKey, token))) {
      throw new HttpError(
        403,
        'This form is out of date (you signed in or out in the meantime, or cookies are off), so nothing was changed. Go back, reload the page, and try again.',
      );
    }
    next();
  };
}

function firstOf(names: readonly string[], values: Readonly<Record<string, unknown>> | undefined): unknown {
  return names.map((name) => values?.[name]).find((value) => value !== undefined);
}

function comesFromElsewhere(site: Site, headers: Record<string, string | string[] | undefined>): boolean {
  const fetchSite = headers['sec-fetch-site'];
  if (fetchSite !== undefined && fetchSite !== 'same-origin' && fetchSite !== 'none') return true;
  const origin = headers.origin;
  if (typeof origin !== 'string') return false;
  if (origin === site.origin) return false;
  const host = URL.canParse(origin) ? new URL(origin).host : null;
  return host === null || host !== headers.host;
}

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
