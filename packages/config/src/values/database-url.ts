/** PostgreSQL connection URLs in libpq's form, which unlike other URLs may name several hosts. */
import { readHostPort } from './network.ts';
import { Malformed, type ValueType, valueType } from './value-type.ts';

export const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof SSL_MODES)[number];

/** libpq has three more (read-only, standby, prefer-standby), which lead to a server that Overdue cannot write to. */
export const SESSION_ATTRS = ['read-write', 'primary', 'any'] as const;
export type SessionAttrs = (typeof SESSION_ATTRS)[number];

export const POSTGRES_PORT = 5432;

export interface DatabaseHost {
  /** A name, an address, or the directory of a Unix socket (begins with a slash). */
  readonly host: string;
  readonly port: number;
}

/** What a connection URL says; what it leaves open is undefined and comes from DB_*. */
export interface DatabaseUrl {
  readonly hosts: readonly DatabaseHost[];
  readonly database: string | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly sslmode: SslMode | undefined;
  readonly targetSessionAttrs: SessionAttrs | undefined;
}

// Parameters that libpq knows and that change nothing here: our own name, time-outs and encoding are always used.
const IGNORED = new Set(['application_name', 'fallback_application_name', 'connect_timeout', 'client_encoding']);
const ADVICE: Readonly<Record<string, string>> = {
  sslrootcert: 'sslrootcert is not supported: name the certificate in NODE_EXTRA_CA_CERTS',
  options: 'options is not supported: set them for the role with ALTER ROLE',
};

/**
 * Reads `postgres[ql]://[user[:password]@][host[:port],…][/database][?name=value&…]`, percent-encoding resolved.
 * Throws {@link Malformed}, whose message never contains a part of the URL.
 */
export function readDatabaseUrl(text: string): DatabaseUrl {
  const match = /^postgres(?:ql)?:\/\/(?:([^@/?#]*)@)?([^/?#@]*)(?:\/([^?#/]*))?(?:\?([^#]*))?$/.exec(text);
  if (!match) throw new Malformed(wholeUrlAdvice(text));
  const [, credentials, authority = '', path, query = ''] = match;
  const parameters = readParameters(query);
  const colon = credentials?.indexOf(':') ?? -1;
  const user = colon === -1 ? credentials : credentials?.slice(0, colon);
  const password = colon === -1 ? undefined : credentials?.slice(colon + 1);
  return {
    hosts: readHosts(authority, parameters.get('host'), parameters.get('port')),
    database: nonEmpty(parameters.get('dbname') ?? decode(path)),
    user: nonEmpty(parameters.get('user') ?? decode(user)),
    password: nonEmpty(parameters.get('password') ?? decode(password)),
    sslmode: word('sslmode', parameters.get('sslmode'), SSL_MODES),
    targetSessionAttrs: word('target_session_attrs', parameters.get('target_session_attrs'), SESSION_ATTRS),
  };
}

function wholeUrlAdvice(text: string): string {
  if (!/^postgres(ql)?:\/\//.test(text)) return 'it must begin with postgres:// or postgresql://';
  return 'characters such as @ / ? # in the user or password must be percent-encoded';
}

function readParameters(query: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const pair of query === '' ? [] : query.split('&')) {
    const equals = pair.indexOf('=');
    const name = equals === -1 ? pair : pair.slice(0, equals);
    if (IGNORED.has(name)) continue;
    if (!KNOWN.has(name)) throw new Malformed(ADVICE[name] ?? 'it has a parameter that is not supported');
    if (equals === -1) throw new Malformed(`${name} in it has no value`);
    parameters.set(name, decode(pair.slice(equals + 1)) ?? '');
  }
  return parameters;
}

const KNOWN = new Set(['host', 'port', 'dbname', 'user', 'password', 'sslmode', 'target_session_attrs']);

function readHosts(authority: string, host: string | undefined, port: string | undefined): DatabaseHost[] {
  if (host !== undefined) return pairHostsAndPorts(host, port ?? '');
  if (authority === '') return pairHostsAndPorts('localhost', port ?? '');
  const fallback = port === undefined ? POSTGRES_PORT : (readPorts(port)[0] ?? POSTGRES_PORT);
  return authority.split(',').map((item) => {
    const decoded = decode(item) ?? '';
    if (decoded.startsWith('/')) return { host: decoded, port: fallback };
    const found = readHostPort(decoded, fallback);
    if (!found) throw new Malformed('each host must be HOST or HOST:PORT, IPv6 addresses in brackets');
    return found;
  });
}

/**
 * Pairs `h1,h2` with `5432` or `5432,5433`, as libpq does: one port for all hosts, or one for each.
 * Throws {@link Malformed}.
 */
export function pairHostsAndPorts(hosts: string, ports: string): DatabaseHost[] {
  const names = hosts.split(',').map((host) => host.trim());
  const numbers = readPorts(ports);
  if (numbers.length > 1 && numbers.length !== names.length) {
    throw new Malformed('there must be one port, or as many ports as hosts');
  }
  return names.map((host, index) => {
    const port = (numbers.length > 1 ? numbers[index] : numbers[0]) ?? POSTGRES_PORT;
    if (host.startsWith('/')) return { host, port };
    const found = readHostPort(host, port);
    if (!found) throw new Malformed('each host must be a name, an address or the directory of a socket');
    return { host: found.host, port };
  });
}

function readPorts(text: string): number[] {
  if (text === '') return [];
  return text.split(',').map((part) => {
    const number = /^\s*[0-9]{1,5}\s*$/.test(part) ? Number(part) : 0;
    if (number < 1 || number > 65535) throw new Malformed('each port must be a whole number from 1 to 65535');
    return number;
  });
}

function word<T extends string>(name: string, text: string | undefined, words: readonly T[]): T | undefined {
  if (text === undefined || text === '') return undefined;
  const found = words.find((candidate) => candidate === text);
  if (found === undefined) throw new Malformed(`${name} in it must be one of ${words.join(', ')}`);
  return found;
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

function decode(text: string | undefined): string | undefined {
  try {
    const decoded = text === undefined ? undefined : decodeURIComponent(text);
    if (decoded?.includes('\0')) throw new Malformed('it holds a NUL character');
    return decoded;
  } catch (error) {
    if (error instanceof URIError) throw new Malformed('its percent-encoding is broken');
    throw error;
  }
}

/** The variable's type: kept as text (see `databaseTarget` for the parts), checked here. */
export function databaseUrl(): ValueType<string | null> {
  return valueType<string | null>({
    name: 'url',
    allowed:
      'postgres://USER:PASSWORD@HOST:PORT/DATABASE, several HOST:PORT separated by commas, ' +
      '?sslmode= and target_session_attrs= are understood; empty for none',
    read: (text) => {
      if (text === '') return null;
      readDatabaseUrl(text);
      return text;
    },
  });
}

/** DB_HOST: one or more hosts or socket directories. */
export function databaseHosts(): ValueType<string | null> {
  return valueType<string | null>({
    name: 'text',
    allowed: 'host names, addresses or the directory of a Unix socket, separated by commas; empty for none',
    read: (text) => {
      if (text === '') return null;
      pairHostsAndPorts(text, '');
      return text;
    },
  });
}

/** DB_PORT: one port, or one for each host. */
export function databasePorts(): ValueType<string> {
  return valueType({
    name: 'text',
    allowed: 'a port from 1 to 65535, or one for each host, separated by commas',
    read: (text) => {
      readPorts(text);
      return text;
    },
  });
}
