import { Readable } from 'node:stream';
import { trustedProxies } from '@overdue/config';
import type { Request, RequestHandler, Response } from 'express';
import { Agent } from 'undici';
import type { WebDeps } from './deps.ts';

/** As the ingester has it (ping-api.md section 4, step 4): it answers and hangs up, which a proxy in mid-send may not see. */
const MAX_BODY_BYTES = 2_621_440;
/** Less than the ingester keeps an idle connection, so that a ping never goes out on one that is being closed. */
const IDLE_MS = 4_000;
/** More than the ingester takes in the worst case (waiting for the database, then the spool). */
const TIMEOUT_MS = 10_000;
/** Of a header or body that goes no further than this hop. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'host',
]);

export interface PingProxy {
  readonly handler: RequestHandler;
  close(): Promise<void>;
}

/**
 * What arrives under /ping/ is the ingester's: handed on as it is, body streamed, with the client's address and scheme.
 * No ingester: 503 with Retry-After, so a client that retries loses nothing.
 */
export function pingProxy(deps: WebDeps): PingProxy {
  const agent = new Agent({ connections: 128, keepAliveTimeout: IDLE_MS, headersTimeout: TIMEOUT_MS });
  const maxBytes = Math.max(MAX_BODY_BYTES, deps.config.PING_BODY_LIMIT ?? 0);
  const isTrusted = trustedProxies(deps.config);
  const { origin, pathname } = new URL(deps.config.INGESTER_URL);
  const [ours, theirs] = [pathPrefix(deps), pathname.replace(/\/+$/, '')];
  return {
    async handler(req, res) {
      if (Number(req.headers['content-length']) > maxBytes) return refuseTooLong(res);
      const headers = understood(forwardable(req.headers));
      headers['x-forwarded-for'] = forwardedFor(req, isTrusted);
      headers['x-forwarded-proto'] = req.protocol;
      const hasBody = req.headers['content-length'] !== undefined || req.headers['transfer-encoding'] !== undefined;
      const gone = new AbortController();
      res.on('close', () => gone.abort());
      try {
        // Not undici's `request`, whose URL would resolve `/./` and `/../`: the ingester judges the path as it was sent.
        const answer = await agent.request({
          origin,
          path: theirs + req.originalUrl.slice(ours.length),
          method: req.method as 'GET',
          headers,
          body: hasBody ? bodyOf(req, maxBytes) : null,
          signal: gone.signal,
        });
        res.status(answer.statusCode).set(forwardable(answer.headers));
        for await (const chunk of answer.body) res.write(chunk);
        res.end();
      } catch (error) {
        if (gone.signal.aborted) return;
        if (error instanceof BodyTooLong && !res.headersSent) return refuseTooLong(res);
        deps.logger.warn({ err: error }, 'A ping could not be handed on to the ingester');
        if (res.headersSent) return void res.destroy();
        res.status(503).set({ 'Retry-After': '5', 'Access-Control-Allow-Origin': '*' }).type('text/plain');
        res.end('ingester not reachable');
      }
    },
    close: () => agent.close(),
  };
}

/** As a trusted proxy in front has it, for the ingester to read (P-16); else who sent this. */
function forwardedFor(req: Request, isTrusted: (address: string) => boolean): string {
  const peer = req.socket.remoteAddress ?? '';
  return isTrusted(peer) ? (req.get('x-forwarded-for') ?? peer) : peer;
}

class BodyTooLong extends Error {}

/** The body as it comes; one without a declared length is counted on the way. */
function bodyOf(req: Request, maxBytes: number) {
  return req.headers['content-length'] === undefined ? Readable.from(counted(req, maxBytes)) : req;
}

/** @throws BodyTooLong */
async function* counted(body: AsyncIterable<Buffer>, maxBytes: number) {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new BodyTooLong();
    yield chunk;
  }
}

function refuseTooLong(res: Response): void {
  res.status(400).set('Connection', 'close').type('html');
  res.end(
    '<!doctype html><html lang="en"><title>Bad Request</title><h1>Bad Request</h1><p>The body is too large.</p></html>',
  );
}

function pathPrefix(deps: WebDeps): string {
  return new URL(deps.config.SITE_ROOT).pathname.replace(/\/+$/, '');
}

/** Of the names that HTTP allows, the ingester's parser takes these; on `X_Job: 7` it hangs up. */
const UNDERSTOOD = /^[a-z0-9-]+$/;

function understood<Value>(headers: Record<string, Value>): Record<string, Value> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => UNDERSTOOD.test(name)));
}

function forwardable(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).filter(
      (entry): entry is [string, string | string[]] => entry[1] !== undefined && !HOP_BY_HOP.has(entry[0]),
    ),
  );
}
