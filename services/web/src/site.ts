import { type Config, sitePath } from '@overdue/config';
import { type Assets, loadAssets } from './http/assets.ts';
import type { Messages } from './messages.ts';

/** What is the same for every visit: names, addresses, files, ways to send. Made once from the configuration. */
export interface Site {
  readonly name: string;
  /** Path prefix without trailing slash; usually empty. */
  readonly base: string;
  /** Scheme, host and port of SITE_ROOT. */
  readonly origin: string;
  /** The site is HTTPS: cookies are Secure. */
  readonly secure: boolean;
  readonly sessionCookie: string;
  readonly logoUrl: string | null;
  readonly logoOrigin: string | null;
  readonly assets: Assets;
  readonly messages: Messages;
}

export function makeSite(config: Config, messages: Messages): Site {
  const base = sitePath(config);
  const { origin, protocol } = new URL(config.SITE_ROOT);
  const secure = protocol === 'https:';
  const logo = config.SITE_LOGO_URL;
  return {
    name: config.SITE_NAME,
    base,
    origin,
    secure,
    // With this prefix browsers take the cookie only over HTTPS, from this host, for all of it.
    sessionCookie: secure && base === '' ? '__Host-overdue' : 'overdue_session',
    logoUrl: logo === null ? null : logo.startsWith('/') ? base + logo : logo,
    logoOrigin: logo !== null && URL.canParse(logo) ? new URL(logo).origin : null,
    messages,
    assets: loadAssets(new URL('../public/', import.meta.url)),
  };
}
