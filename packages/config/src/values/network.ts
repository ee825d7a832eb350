/** Hosts, addresses and URLs. */
import { isIP } from 'node:net';
import { Malformed, type ValueType, valueType } from './value-type.ts';

export interface HostPort {
  /** A name or an address, an IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number;
}

const HOST_NAME =
  /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$/;

/** Is it an IP address (IPv6 without brackets) or something DNS could resolve? */
export function isHost(text: string): boolean {
  return isIP(text) !== 0 || HOST_NAME.test(text);
}

/** Reads `host`, `host:port`, `[v6]`, `[v6]:port` or a bare IPv6 address; undefined when it is none of them. */
export function readHostPort(text: string, defaultPort: number): HostPort | undefined {
  const bracketed = /^\[([^\]]+)\](?::([0-9]{1,5}))?$/.exec(text);
  const plain = bracketed ?? (isIP(text) === 6 ? [text, text] : /^([^:[\]]+)(?::([0-9]{1,5}))?$/.exec(text));
  const host = plain?.[1];
  if (host === undefined || !(bracketed ? isIP(host) === 6 : isHost(host))) return undefined;
  const port = plain?.[2] === undefined ? defaultPort : Number(plain[2]);
  return port >= 1 && port <= 65535 ? { host, port } : undefined;
}

/** An address block in CIDR notation, or a single address. */
export function isAddressBlock(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || address.includes('%') || rest.length > 0) return false;
  return bits === undefined || (/^[0-9]{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

/** A pattern of ALLOWED_HOSTS: `*`, a host, an IPv6 address in brackets, or `.example.org` (it and its subdomains). */
export function isHostPattern(text: string): boolean {
  if (text === '*') return true;
  if (text.startsWith('[')) return text.endsWith(']') && isIP(text.slice(1, -1)) === 6;
  return isHost(text.startsWith('.') ? text.slice(1) : text) && isIP(text) !== 6;
}

/** An address to bind: an IP address or a host name. */
export function bindAddress(): ValueType<string> {
  return valueType({
    name: 'host',
    allowed: 'an IP address or a host name of this machine; 0.0.0.0 is every IPv4 address, :: every address',
    read: (text) => {
      const host = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
      if (!isHost(host)) throw new Malformed();
      return host;
    },
  });
}

/** The pieces of an absolute http(s) URL, or {@link Malformed} with the reason. */
function readHttpUrl(text: string): URL {
  if (!/^https?:\/\//i.test(text)) throw new Malformed('it must begin with http:// or https://');
  if (/[\s\\]/.test(text)) throw new Malformed('it must not contain white space or backslashes');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url) throw new Malformed();
  if (url.username !== '' || url.password !== '') throw new Malformed('it must not contain a user or password');
  if (text.includes('?') || text.includes('#')) throw new Malformed('it must not contain ? or #');
  return url;
}

/**
 * The address something is served under, kept as written, with one trailing slash removed; a path is allowed.
 * For SITE_ROOT and the like: `${base}/path` is the address of a page.
 */
export function baseUrl(): ValueType<string> {
  return valueType({
    name: 'url',
    allowed: 'an absolute URL such as https://overdue.example.org, a path is allowed',
    read: (text) => {
      readHttpUrl(text);
      return text.endsWith('/') ? text.slice(0, -1) : text;
    },
  });
}

/** The beginning of addresses: an absolute URL that ends with a slash. */
export function prefixUrl(): ValueType<string> {
  return valueType({
    name: 'url',
    allowed: 'an absolute URL that ends with a slash, such as https://ping.example.org/',
    read: (text) => {
      readHttpUrl(text);
      if (!text.endsWith('/')) throw new Malformed('it must end with a slash');
      return text;
    },
  });
}

/** `host` or `host:port`. */
export function hostPort(defaultPort: number): ValueType<HostPort> {
  return valueType({
    name: 'host:port',
    allowed: `HOST or HOST:PORT (port ${defaultPort} if omitted)`,
    read: (text) => {
      const found = readHostPort(text, defaultPort);
      if (!found) throw new Malformed();
      return found;
    },
    print: ({ host, port }) => `${isIP(host) === 6 ? `[${host}]` : host}:${port}`,
  });
}
