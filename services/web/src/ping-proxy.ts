import { PassThrough, Readable } from 'node:stream';
import { trustedProxies } from '@overdue/config';
import type { Request, RequestHandler, Response } from 'express';
import { Agent } from 'undici';
import type { WebDeps } from './deps.ts';

/**
 * A body that is too long is refused by the ingester, which looks at the address first. Up to here: past it the ingester
 * hangs up, and its answer may be lost in mid-send.
 */
const MAX_BODY_BYTES = 64 << 20;
/** Less than the ingester keeps an idle connection, so that a ping never goes out on one that is being closed. */
const IDLE_MS = 4_000;
/** More than the ingester takes in the worst case (waiting for the database, then the spool). */
const TIMEOUT_MS = 10_000;
/** A body up to here is out of its sender's hands once it has arrived, whether or not the ingester has taken it yet. */
const HELD_BYTES = 64 << 10;
/** So many pings whose senders have gone are handed on at a time; more would be memory that nobody's connection bounds. */
const MAX_ORPHANS = 500;
/** Of an answer's headers those that go no further than this hop. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export interface PingProxy {
  readonly handler: RequestHandler;
  close(): Promise<void>;
}

/**
 * What arrives under /ping/ is the ingester's: handed on with what the ingester reads of it, body streamed, with the
 * client's address and scheme. No ingester: 503 with Retry-After, so a client that retries loses nothing.
 */
export function pingProxy(deps: WebDeps): PingProxy {
  const agent = new Agent({ connections: 128, keepAliveTimeout: IDLE_MS, headersTimeout: TIMEOUT_MS });
  const maxBytes = Math.max(MAX_BODY_BYTES, deps.config.PING_BODY_LIMIT ?? 0);
  const isTrusted = trustedProxies(deps.config);
  const { origin, pathname } = new URL(deps.config.INGESTER_URL);
  const [ours, theirs] = [pathPrefix(deps), pathname.replace(/\/+$/, '')];
  let orphans = 0;
  return {
    async handler(req, res) {
      const length = req.headers['content-length'];
      if (Number(length) > maxBytes) return refuseTooLong(res);
      const hasBody = Number(length) > 0 || req.headers['transfer-encoding'] !== undefined;
      // At once: what is still in the request when its connection is reset is lost.
      const held = hasBody ? req.pipe(new PassThrough({ highWaterMark: HELD_BYTES })) : null;
      const gone = new AbortController();
      let orphaned = false;
      res.on('close', () => {
        if (res.writableEnded) return;
        // A ping that arrived whole counts, as it does at the ingester itself.
        orphaned = (hasBody ? req.readableEnded : req.complete) && orphans < MAX_ORPHANS;
        if (orphaned) orphans++;
        else gone.abort();
      });
      try {
        // Not undici's `request`, whose URL would resolve `/./` and `/../`: the ingester judges the path as it was sent.
        const answer = await agent.request({
          origin,
          path: theirs + req.originalUrl.slice(ours.length),
          method: req.method as 'GET',
          headers: headersOf(req, hasBody, isTrusted),
          body: held && length === undefined ? Readable.from(counted(held, maxBytes)) : held,
          signal: gone.signal,
        });
        const text = Buffer.from(await answer.body.arrayBuffer());
        res.status(answer.statusCode).set(endToEnd(answer.headers)).end(text);
      } catch (error) {
        if (gone.signal.aborted) return;
        if (error instanceof BodyTooLong) return refuseTooLong(res);
        deps.logger.warn({ err: error }, 'A ping could not be handed on to the ingester');
        res.status(503).set({ 'Retry-After': '5', 'Access-Control-Allow-Origin': '*' }).type('text/plain');
        res.end('ingester not reachable');
      } finally {
        if (orphaned) orphans--;
        // An address that leads nowhere is answered before the body has come: the rest is read and thrown away.
        if (held && !req.readableEnded) req.unpipe(held).resume();
      }
    },
    close: () => agent.close(),
  };
}

/** What the ingester reads, and no more: its parser takes about a hundred headers, and hangs up on names like `X_Job`. */
function headersOf(req: Request, hasBody: boolean, isTrusted: (address: string | undefined) => boolean) {
  const { 'user-agent': agent, 'content-length': length } = req.headers;
  return {
    ...(agent === undefined ? {} : { 'user-agent': agent }),
    ...(hasBody && length !== undefined ? { 'content-length': length } : {}),
    ...aboutTheClient(req, isTrusted),
  };
}

/** As a trusted proxy in front says it, for the ingester to read (P-16, P-17); else who sent this. */
function aboutTheClient(req: Request, isTrusted: (address: string | undefined) => boolean): Record<string, string> {
  const peer = req.socket.remoteAddress;
  const said: Record<string, string> = {};
  if (isTrusted(peer)) {
    for (const name of ['x-forwarded-for', 'x-forwarded-proto', 'forwarded']) {
      const value = req.get(name);
      if (value !== undefined) said[name] = value;
    }
  }
  // The ingester believes X-Forwarded-For before Forwarded.
  if (said['x-forwarded-for'] === undefined && said.forwarded === undefined) said['x-forwarded-for'] = peer ?? '';
  return said;
}

class BodyTooLong extends Error {}

/** The body as it comes, of which no length is declared. @throws BodyTooLong */
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

function endToEnd(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).filter(
      (entry): entry is [string, string | string[]] => entry[1] !== undefined && !HOP_BY_HOP.has(entry[0]),
    ),
  );
}
