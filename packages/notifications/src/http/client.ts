import type { Clock, Milliseconds } from '@overdue/clock';
import { type Dispatcher, request } from 'undici';
import type { HttpOptions } from '../options.ts';
import { failed, permanent, retry, sent, type TransportResult } from '../result.ts';
import {
  BadAddressError,
  ElsewhereError,
  EndlessAnswerError,
  errorText,
  isMalformedAnswer,
  isUnreachable,
  RequestTimeoutError,
  TooManyRedirectsError,
} from './error-text.ts';
import { ownHeaders, withoutCredentials } from './headers.ts';
import { Routes } from './routes.ts';

const TIMEOUT: Milliseconds = 30_000;
const MOST_REDIRECTS = 3;
/** No more of an answer than this is read: it is only looked at for its error message. */
const MOST_ANSWER_BYTES = 64 * 1024;
/** As often a message is sent to a receiver that most likely has it, and whose answers cannot be read or do not end. */
const ATTEMPTS_WITHOUT_ANSWER = 5;
const SUCCESS = new Set([200, 201, 202, 204]);

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
  readonly #clock: Clock;
  readonly #routes: Routes;

  constructor(options: HttpOptions, clock: Clock) {
    this.#clock = clock;
    this.#routes = new Routes(options, clock);
  }

  /** Sends a message and says what its answer means. Never throws for what a receiver or its address can cause. */
  async call(call: Call): Promise<TransportResult> {
    let answer: HttpAnswer;
    try {
      answer = await this.request(toRequest(call));
    } catch (error) {
      const text = errorText(error);
      // A wrong address stays wrong; everything else may pass.
      if (error instanceof BadAddressError) return failed(text);
      if (error instanceof EndlessAnswerError || isMalformedAnswer(error))
        return retry(text, { atMost: ATTEMPTS_WITHOUT_ANSWER });
      return retry(text, { unreachable: isUnreachable(error) });
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
      throw abort.signal.aborted && !(error instanceof EndlessAnswerError) ? abort.signal.reason : error;
    } finally {
      timer.cancel();
    }
  }

  async close(): Promise<void> {
    await this.#routes.close();
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
      if (!isRedirect(response.statusCode) || typeof location !== 'string' || location === '') {
        const { statusCode: status, headers: answered } = response;
        const body = await beginningOf(response.body);
        if (signal.aborted && SUCCESS.has(status)) throw new EndlessAnswerError();
        return { status, headers: answered, body, ...(elsewhere ? { elsewhere } : {}) };
      }
      await beginningOf(response.body);
      if (redirects >= MOST_REDIRECTS) throw new TooManyRedirectsError();
      const next = httpUrl(percentEncodedBytes(location), url);
      if (next.origin !== url.origin) headers = withoutCredentials(headers);
      url = next;
    }
  }

  async #hop(url: URL, { method, headers, body }: HttpRequest, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    return await request(withoutUserInfo(url), {
      method: method as Dispatcher.HttpMethod,
      headers: headers ?? {},
      dispatcher: await this.#routes.to(url),
      signal,
      ...(body === undefined ? {} : { body }),
    });
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

function withoutUserInfo(url: URL): URL {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare;
}

/** As curl: every 3xx that names another address, but for "not modified". */
function isRedirect(status: number): boolean {
  return status >= 300 && status <= 399 && status !== 304;
}

/** Servers write addresses as they are, in UTF-8; undici reads headers as Latin-1. */
function percentEncodedBytes(header: string): string {
  return header.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`);
}

/** As much of a body as there is: one that is cut off, broken or does not end in time takes nothing from the status. */
async function beginningOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      parts.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (size >= MOST_ANSWER_BYTES) break;
    }
  } catch {
    // What there is will do.
  }
  return Buffer.concat(parts).subarray(0, MOST_ANSWER_BYTES).toString('utf8');
}
