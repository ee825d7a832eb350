import type { Milliseconds } from '@overdue/clock';
import { SocksClient } from 'socks';
import { buildConnector } from 'undici';
import { SocksProxyError } from './error-text.ts';
import { firstAddress, isAddress } from './private-addresses.ts';
import type { LookupAll } from './shared-lookup.ts';

const TIMEOUT: Milliseconds = 10_000;
const DEFAULT_PORT = 1080;

/** Is the proxy of this address spoken to as SOCKS? */
export function isSocks(proxy: string): boolean {
  return /^socks(4a?|5h?):/i.test(proxy);
}

/**
 * Connects through a SOCKS proxy, as curl does: with `socks4a` and `socks5h` the proxy resolves the receivers' names,
 * with `socks4` and `socks5` we do. User and password in the address are given to the proxy.
 */
export function socksConnector(proxy: string, lookup: LookupAll): buildConnector.connector {
  const { protocol, hostname, port, username, password } = new URL(proxy);
  const scheme = protocol.slice(0, -1).toLowerCase();
  const type = scheme.startsWith('socks4') ? 4 : 5;
  const server = {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? DEFAULT_PORT : Number(port),
    type,
    ...(username === '' ? {} : { userId: decodeURIComponent(username), password: decodeURIComponent(password) }),
  } as const;
  const toProxy = buildConnector({ timeout: TIMEOUT, autoSelectFamily: true } as buildConnector.BuildOptions);
  const toReceiver = buildConnector({ timeout: TIMEOUT });
  const resolveHere = scheme === 'socks4' || scheme === 'socks5';

  async function connect(options: buildConnector.Options) {
    const name = options.hostname.replace(/^\[|\]$/g, '');
    const host = resolveHere && !isAddress(name) ? await firstAddress(name, lookup, type === 4 ? 4 : undefined) : name;
    const socket = await connected(toProxy, { protocol: 'http:', hostname: server.host, port: String(server.port) });
    const destination = { host, port: Number(options.port) || (options.protocol === 'https:' ? 443 : 80) };
    try {
      await SocksClient.createConnection({
        proxy: server,
        command: 'connect',
        destination,
        existing_socket: socket,
        timeout: TIMEOUT,
      });
    } catch (cause) {
      socket.destroy();
      throw new SocksProxyError(`${scheme} proxy: ${(cause as Error).message}`, { cause });
    }
    if (options.protocol !== 'https:') return socket;
    return await connected(toReceiver, { ...options, httpSocket: socket });
  }

  return (options, callback) => {
    connect(options).then(
      (socket) => callback(null, socket),
      (error: Error) => callback(error, null),
    );
  };
}

function connected(connector: buildConnector.connector, options: buildConnector.Options) {
  return new Promise<Extract<Parameters<buildConnector.Callback>, [null, unknown]>[1]>((resolve, reject) => {
    connector(options, (...[error, socket]) => (error ? reject(error) : resolve(socket!)));
  });
}
