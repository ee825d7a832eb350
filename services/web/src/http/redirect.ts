import { type Flash, leaveFlash } from './flash.ts';
import type { Visit } from './visit.ts';

/** To another page of ours (`path` without the prefix), seen after whatever was posted; with a sentence to show there. */
export function redirect(visit: Visit, path: string, flash?: Flash): void {
  if (flash) leaveFlash(visit.deps, visit.site, visit.res, flash);
  visit.res.redirect(visit.req.method === 'GET' ? 302 : 303, visit.site.base + path);
}

/**
 * Pages that a sign-in may lead on to (accounts.md SI-14): our own, never another host's. Anything else is null.
 */
export function allowedNext(next: unknown): string | null {
  if (typeof next !== 'string' || next.length > 500) return null;
  const uuid = '[0-9a-f-]{36}';
  const pages = new RegExp(
    `^/(projects/${uuid}/(checks|integrations|settings|badges|add_slack|add_pushover|add_telegram)/|checks/${uuid}/(details|log)/|cloaked/[0-9a-f]{40}/|accounts/profile/(notifications/)?|docs/[a-z_/]*|instance/)?(\\?[\\w=&%.+-]*)?$`,
  );
  return pages.test(next) ? next : null;
}
