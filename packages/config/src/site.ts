/** Addresses and headers of the site, from a parsed configuration. */
import type { Config } from './table.ts';

/** The path under which the application is served: empty, or `/prefix` without trailing slash. */
export function sitePath(config: Pick<Config, 'SITE_ROOT'>): string {
  return new URL(config.SITE_ROOT).pathname.replace(/\/+$/, '');
}

/** What ping URLs shown to users begin with; ends with a slash. */
export function pingEndpoint(config: Pick<Config, 'PING_ENDPOINT'>): string {
  return config.PING_ENDPOINT;
}

/** Does ALLOWED_HOSTS cover this Host header (a port in it does not matter)? */
export function isAllowedHost(config: Pick<Config, 'ALLOWED_HOSTS'>, header: string): boolean {
  const host = header
    .replace(/:[0-9]*$/, '')
    .replace(/\.$/, '')
    .toLowerCase();
  if (host === '') return false;
  return config.ALLOWED_HOSTS.some((item) => {
    const pattern = item.toLowerCase();
    if (pattern.startsWith('.')) return host === pattern.slice(1) || host.endsWith(pattern);
    return pattern === '*' || pattern === host;
  });
}

/** A header by the name it has in CGI (`HTTP_X_FORWARDED_PROTO`) as it is on the wire (`x-forwarded-proto`). */
function wireName(cgiName: string): string | null {
  return /^HTTP_[A-Z0-9_]+$/.test(cgiName) ? cgiName.slice('HTTP_'.length).replaceAll('_', '-').toLowerCase() : null;
}

/** SECURE_PROXY_SSL_HEADER as a header name in lower case and its value; null when off or not name and value. */
export function secureProxyHeader(
  config: Pick<Config, 'SECURE_PROXY_SSL_HEADER'>,
): { readonly name: string; readonly value: string } | null {
  const text = config.SECURE_PROXY_SSL_HEADER ?? '';
  const comma = text.indexOf(',');
  const name = comma === -1 ? null : wireName(text.slice(0, comma));
  return name === null ? null : { name, value: text.slice(comma + 1) };
}

/** REMOTE_USER_HEADER as a header name in lower case; null when off or not in the form `HTTP_NAME`. */
export function remoteUserHeader(config: Pick<Config, 'REMOTE_USER_HEADER'>): string | null {
  return config.REMOTE_USER_HEADER === null ? null : wireName(config.REMOTE_USER_HEADER);
}
