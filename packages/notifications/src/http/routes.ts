import type { Clock } from '@overdue/clock';
import { Agent, buildConnector, type Dispatcher, ProxyAgent } from 'undici';
import type { HttpOptions } from '../options.ts';
import { errorText } from './error-text.ts';
import { guardedLookup, isAddress, isPrivateAddress, openLookup, PrivateAddressError } from './private-addresses.ts';
import { type LookupAll, sharedLookup } from './shared-lookup.ts';
import { isSocks, socksConnector } from './socks.ts';

/** For every connection. An answer's headers may be long: receivers send policies and cookies that nobody asked for. */
const COMMON = { connections: 64, headersTimeout: 0, bodyTimeout: 0, maxHeaderSize: 128 * 1024 } as const;

/** Ways to receivers: straight, guarded against private addresses, or through the proxy of their scheme. */
export class Routes {
  readonly #options: HttpOptions;
  readonly #lookup: LookupAll;
  readonly #direct: Agent;
  readonly #proxies = new Map<string, Dispatcher>();

  constructor(options: HttpOptions, clock: Clock) {
    this.#options = options;
    this.#lookup = sharedLookup(clock);
    this.#direct = new Agent({
      ...COMMON,
      connect: options.allowPrivateAddresses
        ? ({ timeout: 10_000, autoSelectFamily: true, lookup: openLookup(this.#lookup) } as buildConnector.BuildOptions)
        : guardedConnector(this.#lookup),
      keepAliveTimeout: 10_000,
    });
  }

  /** @throws PrivateAddressError when the way leads over a proxy on a private address */
  async to(url: URL): Promise<Dispatcher> {
    const proxy = url.protocol === 'https:' ? this.#options.httpsProxy : this.#options.httpProxy;
    if (!proxy || this.#options.noProxy.some((host) => matchesNoProxy(url.hostname, host))) return this.#direct;
    const uri = /^[a-z0-9]+:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
    // Behind a proxy the receiver's name is resolved by the proxy; ours to guard is the way to the proxy.
    if (!this.#options.allowPrivateAddresses) await refusePrivate(new URL(uri).hostname, this.#lookup);
    let agent = this.#proxies.get(uri);
    if (!agent) {
      agent = isSocks(uri)
        ? new Agent({ ...COMMON, connect: socksConnector(uri, this.#lookup), keepAliveTimeout: 10_000 })
        : // For http receivers the usual form, GET http://…: proxies as they come refuse CONNECT to other ports than 443.
          new ProxyAgent({ ...COMMON, uri, proxyTunnel: false });
      this.#proxies.set(uri, agent);
    }
    return agent;
  }

  async close(): Promise<void> {
    await Promise.all([this.#direct.destroy(), ...[...this.#proxies.values()].map((proxy) => proxy.destroy())]);
  }
}

function guardedConnector(resolve: LookupAll): buildConnector.connector {
  return (options, callback) => {
    if (isAddress(options.hostname) && isPrivateAddress(options.hostname.replace(/^\[|\]$/g, ''))) {
      return callback(new PrivateAddressError(), null);
    }
    let refused = false;
    const lookup = guardedLookup(resolve, () => {
      refused = true;
    });
    const connector = buildConnector({
      timeout: 10_000,
      autoSelectFamily: true,
      lookup,
    } as buildConnector.BuildOptions);
    connector(options, (...[error, socket]: [Error | null, unknown]) => {
      if (!error) return callback(null, socket as never);
      callback(
        errorText(error, refused) === new PrivateAddressError().message ? new PrivateAddressError() : error,
        null,
      );
    });
  };
}

function refusePrivate(host: string, lookup: LookupAll): Promise<void> {
  return new Promise((resolve, reject) => {
    if (isAddress(host)) {
      return isPrivateAddress(host.replace(/^\[|\]$/g, '')) ? reject(new PrivateAddressError()) : resolve();
    }
    lookup(host, {}, (error, addresses) => {
      if (error) reject(error);
      else if (addresses.every((a) => isPrivateAddress(a.address))) reject(new PrivateAddressError());
      else resolve();
    });
  });
}

/** curl's rule: a host, or a domain with all below it; `*` is every host. */
function matchesNoProxy(hostname: string, entry: string): boolean {
  const domain = entry.trim().replace(/^\./, '').toLowerCase();
  if (domain === '') return false;
  return domain === '*' || hostname === domain || hostname.endsWith(`.${domain}`);
}
