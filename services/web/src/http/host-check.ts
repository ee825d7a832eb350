import { isIP } from 'node:net';
import { type Config, isAllowedHost } from '@overdue/config';
import type { RequestHandler } from 'express';
import { HttpError } from './http-error.ts';

/**
 * Answers only under the names in ALLOWED_HOSTS. While those are the loopback's (nobody configured a name), plain
 * addresses are fine too: a laptop on the network is reached by address, and a name that an attacker points at us
 * (DNS rebinding) is never an address.
 */
export function hostCheck(config: Pick<Config, 'ALLOWED_HOSTS' | 'SITE_ROOT'>): RequestHandler {
  const unconfigured = config.ALLOWED_HOSTS.includes('localhost') && config.ALLOWED_HOSTS.includes('127.0.0.1');
  return (req, _res, next) => {
    const header = req.headers.host ?? '';
    if (isAllowedHost(config, header) || (unconfigured && isAddress(header))) return next();
    throw new HttpError(
      400,
      'This site does not answer under this host name. Its operator can add the name to ALLOWED_HOSTS.',
    );
  };
}

function isAddress(header: string): boolean {
  const host = header.replace(/:[0-9]*$/, '');
  return isIP(host) === 4 || (host.startsWith('[') && host.endsWith(']') && isIP(host.slice(1, -1)) === 6);
}
