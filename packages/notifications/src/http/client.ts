import type { Clock, Milliseconds } from '@overdue/clock';
import { Agent, buildConnector, type Dispatcher, ProxyAgent, request } from 'undici';
import type { HttpOptions } from '../options.ts';
import { failed, permanent, retry, sent, type TransportResult } from '../result.ts';
import {
  BadAddressError,
  ElsewhereError,
  errorText,
  isUnreachable,
  RequestTimeoutError,
  TooManyRedirectsError,
} from './error-text.ts';
import { guardedLookup, isAddress, isPrivateAddress, openLookup, PrivateAddressError } from './private-addresses.ts';
import { type LookupAll, sharedLookup } from './shared-lookup.ts';

/** The name under which the original calls; receivers may filter by it (notifications.md §3). */
const USER_AGENT = 'healthchecks.io';
const TIMEOUT: Milliseconds = 30_000;
const MOST_REDIRECTS = 3;
/** No more of an answer than this is read: it is only looked at for its error message. */
const MOST_ANSWER_BYTES = 64 * 1024;
const SUCCESS = new Set([200, 201, 202, 204]);
/** Set by the client itself or meant for one connection only. */
const OWN_HEADERS = /^(connection|keep-alive|proxy-connection|transfer-encoding|content-length|upgrade|expect|te)$/i;

export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** A message for a receiver: `json` is sent as ASCII with its content type, `form` URL-encoded, `params` in the URL. */
export interface Call {
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly params?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** What a failed answer means for this kind; undefined: the rule for all (retry). */
  readonly onError?: (answer: HttpAnswer) => TransportResult | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** A redirect led to another host: the answer says nothing about the one that was called. */
  readonly elsewhere?: boolean;
}

/**
 * The HTTP client of all integrations: it does not connect to private addresses (checked on the resolved address of
 * every socket, so after each redirect too), gives up after 30 s, and follows three redirects with the method kept.
 */
export class HttpClient {
  readonly #options: HttpOptions;
  readonly #clock: Clock;
  readonly #lookup: LookupAll;
  readonly #direct: Agent;
  readonly #proxies = new Map<string, Dispatcher>();

  constructor(options: HttpOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#lookup = sharedLookup(clock);
    this.#direct = new Agent({
      connect: options.allowPrivateAddresses
        ? ({ timeout: 10_000, autoSelectFamily: true, lookup: openLookup(this.#lookup) } as buildConnector.BuildOptions)
        : guardedConnector(this.#lookup),
      connections: 64,
      keepAliveTimeout: 10_000,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** Sends a message and says what its answer means. Never throws for what a receiver or its address can cause. */
  async call(call: Call): Promise<TransportResult> {
    let answer: HttpAnswer;
    try {
      answer = await this.request(toRequest(call));
    } catch (error) {
      const text = errorText(error);
      // A wrong address stays wrong; everything else may pass.
      return error instanceof BadAddressError ? failed(text) : retry(text, { unreachable: isUnreachable(error) });
    }
    if (SUCCESS.has(answer.status)) return sent(String(answer.status));
    return call.onError?.(answer) ?? badStatus(answer);
  }

  /** One request, redirects included. @throws when there is no answer; see `errorText` */
  async request(first: HttpRequest): Promise<HttpAnswer> {
    const abort = new AbortController();
    const timer = this.#clock.after(TIMEOUT, () => abort.abort(new RequestTimeoutError()));
    try {
      return await this.#follow(first, abort.signal);
    } catch (error) {
      throw abort.signal.aborted ? abort.signal.reason : error;
    } finally {
      timer.cancel();
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#direct.destroy(), ...[...this.#proxies.values()].map((p) => p.destroy())]);
  }

  async #follow(first: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    let url = httpUrl(first.url);
    let headers = ownHeaders(first.headers ?? {}, url);
    const firstHost = url.host;
    for (let redirects = 0; ; redirects++) {
      const elsewhere = url.host !== firstHost;
      const response = await this.#hop(url, { ...first, headers }, signal).catch((cause: unknown) => {
        throw elsewhere && !signal.aborted ? new ElsewhereError('After a redirect', { cause }) : cause;
      });
      const location = response.headers.location;
      if (!isRedirect(response.statusCode) || typeof location !== 'string') {
        return {
          status: response.statusCode,
          headers: response.headers,
          body: await beginningOf(response.body),
          ...(elsewhere ? { elsewhere } : {}),
        };
      }
      await response.body.dump({ limit: MOST_ANSWER_BYTES });
      if (redirects >= MOST_REDIRECTS) throw new TooManyRedirectsError();
      const next = httpUrl(location, url);
      if (next.origin !== url.origin) headers = withoutCredentials(headers);
      url = next;
    }
  }

  async #hop(url: URL, { method, headers, body }: HttpRequest, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    return await request(withoutUserInfo(url), {
      method: method as Dispatcher.HttpMethod,
      headers: headers ?? {},
      dispatcher: await this.#dispatcher(url),
      signal,
      ...(body === undefined ? {} : { body }),
    });
  }

  async #dispatcher(url: URL): Promise<Dispatcher> {
    const proxy = url.protocol === 'https:' ? this.#options.httpsProxy : this.#options.httpProxy;
    if (!proxy || this.#options.noProxy.some((host) => matchesNoProxy(url.hostname, host))) return this.#direct;
    const uri = /^[a-z0-9]+:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
    // Behind a proxy the receiver's name is resolved by the proxy; ours to guard is the way to the proxy.
    if (!this.#options.allowPrivateAddresses) await refusePrivate(new URL(uri).hostname, this.#lookup);
    let agent = this.#proxies.get(uri);
    if (!agent) {
      // For http receivers the usual form, GET http://…: proxies as they come refuse CONNECT to other ports than 443.
      agent = new ProxyAgent({ uri, proxyTunnel: false, connections: 64, headersTimeout: 0, bodyTimeout: 0 });
      this.#proxies.set(uri, agent);
    }
    return agent;
  }
}

function toRequest(call: Call): HttpRequest {
  const headers: Record<string, string> = { ...call.headers };
  let body: string | undefined = call.body;
  if (call.json !== undefined) {
    body = asciiJson(call.json);
    headers['Content-Type'] = 'application/json';
  } else if (call.form) {
    body = new URLSearchParams(call.form).toString();
    headers['Content-Type'] = 'application/x-www-form-urlencoded';
  }
  let { url } = call;
  if (call.params) url += `${url.includes('?') ? '&' : '?'}${new URLSearchParams(call.params)}`;
  return { method: call.method ?? 'POST', url, headers, ...(body === undefined ? {} : { body }) };
}

/** JSON with everything outside ASCII escaped. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * What a status that is no success means unless the kind knows better. A 500 is one address's own failure, other
 * addresses of the host may work; 502 to 504 come from what stands in front of all of them.
 */
export function badStatus(answer: HttpAnswer, text = `Received status code ${answer.status}`): TransportResult {
  const unreachable = answer.status >= 502 && answer.status <= 504 && !answer.elsewhere;
  return retry(text, { retryAfter: retryAfter(answer), unreachable });
}

/** As {@link badStatus}, and the channel is switched off when `when` holds. */
export function permanentWhen(when: (answer: HttpAnswer) => boolean) {
  return (answer: HttpAnswer): TransportResult | undefined =>
    when(answer) ? permanent(`Received status code ${answer.status}`) : undefined;
}

/** Milliseconds that the receiver asked to be left alone, from a Retry-After in seconds or as an HTTP date. */
function retryAfter(answer: HttpAnswer): Milliseconds | undefined {
  const value = answer.headers['retry-after'];
  if (typeof value !== 'string') return undefined;
  if (/^\d+(\.\d+)?$/.test(value.trim())) return Math.ceil(Number(value) * 1000);
  const at = Date.parse(value);
  const sentAt = Date.parse(String(answer.headers.date ?? ''));
  // Against the receiver's own clock: ours may differ.
  return Number.isNaN(at) || Number.isNaN(sentAt) ? undefined : Math.max(0, at - sentAt);
}

function httpUrl(text: string, base?: URL): URL {
  let url: URL;
  try {
    url = new URL(text, base);
  } catch {
    throw new BadAddressError(3);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new BadAddressError(1);
  return url;
}

function ownHeaders(given: Readonly<Record<string, string>>, url: URL): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    // undici writes headers as Latin-1; line breaks and control characters would end the header.
    if (!OWN_HEADERS.test(name))
      headers[name] = value.replace(/\p{Cc}/gu, (char) => (char === '\t' || char > '\x7f' ? char : ' '));
  }
  if (!('User-Agent' in headers)) headers['User-Agent'] = USER_AGENT;
  if (url.username && !Object.keys(headers).some((name) => name.toLowerCase() === 'authorization')) {
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers.Authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  }
  return headers;
}

function withoutUserInfo(url: URL): URL {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare;
}

function withoutCredentials(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !/^(authorization|cookie|proxy-authorization)$/i.test(name)),
  );
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

async function beginningOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    parts.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size >= MOST_ANSWER_BYTES) break;
  }
  return Buffer.concat(parts).subarray(0, MOST_ANSWER_BYTES).toString('utf8');
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
