import { PrivateAddressError } from './private-addresses.ts';

/** More redirects than allowed. */
export class TooManyRedirectsError extends Error {
  override readonly name = 'TooManyRedirectsError';
}

/** The request took longer than it may. */
export class RequestTimeoutError extends Error {
  override readonly name = 'RequestTimeoutError';
}

/** The receiver began to say that it has the message, and did not come to an end in time. */
export class EndlessAnswerError extends RequestTimeoutError {}

/** A redirect led to another host, and what happened there (`cause`) says nothing about the first. */
export class ElsewhereError extends Error {
  override readonly name = 'ElsewhereError';
}

/** The SOCKS proxy did not take us to the receiver: it refused, or does not speak SOCKS. */
export class SocksProxyError extends Error {
  override readonly name = 'SocksProxyError';
}

/** An address that cannot be called: no URL, or not http(s). `code` is curl's number for it. */
export class BadAddressError extends Error {
  override readonly name = 'BadAddressError';
  readonly curl: number;
  constructor(curl: 1 | 3) {
    super(curl === 1 ? 'Only http and https can be called' : 'Not a URL');
    this.curl = curl;
  }
}

const TIMED_OUT = /^(ETIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT)$/;
const NOT_RESOLVED = /^(ENOTFOUND|EAI_\w+|ENODATA)$/;
const NOT_CONNECTED = /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EADDRNOTAVAIL|EACCES|EPERM)$/;
const TLS =
  /^(ERR_TLS_|ERR_SSL_|CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|EPROTO|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED)/;

/**
 * The text to store for a request that got no answer (notifications.md §3.1). The last resort names the number that
 * curl, the original's client, has for it.
 */
export function errorText(error: unknown, refusedPrivate = false): string {
  if (error instanceof ElsewhereError) return errorText(error.cause, refusedPrivate);
  if (error instanceof PrivateAddressError) return error.message;
  if (error instanceof RequestTimeoutError) return 'Connection timed out';
  if (error instanceof TooManyRedirectsError) return 'Too many redirects';
  if (error instanceof BadAddressError) return `HTTP request failed, code: ${error.curl}`;
  if (error instanceof SocksProxyError) return 'HTTP request failed, code: 97';
  const inner = innermost(error);
  if (inner instanceof PrivateAddressError) return inner.message;
  const code = String((inner as { code?: unknown })?.code ?? '');
  if (TLS.test(code)) return 'TLS handshake failed';
  if (NOT_RESOLVED.test(code)) return 'Could not resolve host';
  if (refusedPrivate) return new PrivateAddressError().message;
  if (TIMED_OUT.test(code)) return 'Connection timed out';
  if (NOT_CONNECTED.test(code)) return 'Connection failed';
  if (code === 'UND_ERR_SOCKET') return 'HTTP request failed, code: 52';
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'HTTP request failed, code: 56';
  const unreadable = code.startsWith('HPE_') || (inner as { name?: unknown })?.name === 'HTTPParserError';
  return unreadable ? 'HTTP request failed, code: 8' : 'HTTP request failed, code: 2';
}

/**
 * True for an answer of the receiver that begins as HTTP and breaks its rules before its headers end, as small
 * hand-written servers do with their line ends. It most likely has the message: sending it again for a day would only
 * repeat it.
 */
export function isMalformedAnswer(error: unknown): boolean {
  if (error instanceof ElsewhereError) return false;
  const { name, message, code } = (innermost(error) ?? {}) as { name?: unknown; message?: unknown; code?: unknown };
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return true;
  return name === 'HTTPParserError' && !String(message).includes('Expected HTTP/');
}

/**
 * True when a request that got no answer says that the host as a whole does not answer: no connection, or a time-out.
 * A redirect that goes in circles, a header that cannot be sent, an answer that is cut off are matters of one address.
 */
export function isUnreachable(error: unknown): boolean {
  if (error instanceof RequestTimeoutError || error instanceof SocksProxyError) return true;
  if (error instanceof ElsewhereError || error instanceof PrivateAddressError) return false;
  const inner = innermost(error);
  if (inner instanceof PrivateAddressError) return false;
  const code = String((inner as { code?: unknown } | null)?.code ?? '');
  return [TLS, NOT_RESOLVED, TIMED_OUT, NOT_CONNECTED].some((codes) => codes.test(code));
}

/** The error at the bottom: clients wrap, and one that tried several addresses reports all of them. */
function innermost(error: unknown): unknown {
  let current = error;
  for (let depth = 0; depth < 5; depth++) {
    if (current instanceof AggregateError && current.errors.length > 0) current = current.errors.at(-1);
    else if (current instanceof Error && current.cause instanceof Error) current = current.cause;
    else break;
  }
  return current;
}
