import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { printJson } from './json-print.ts';

/** An answer, before it is written. Handlers return one; nothing else touches the response. */
export interface Reply {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string | Uint8Array;
}

export const HTML = 'text/html; charset=utf-8';

export function json(document: unknown, status = 200): Reply {
  return { status, headers: { 'Content-Type': 'application/json' }, body: printJson(document) };
}

/**
 * A JSON document that was printed already, in pieces: they are ASCII, and each is copied once, without a string of the
 * whole.
 */
export function jsonText(pieces: Iterable<string>, status = 200): Reply {
  let bytes = Buffer.allocUnsafe(2048);
  let length = 0;
  for (const piece of pieces) {
    if (length + piece.length > bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(bytes.length * 2, length + piece.length));
      bytes.copy(larger, 0, 0, length);
      bytes = larger;
    }
    length += bytes.write(piece, length, 'latin1');
  }
  return { status, headers: { 'Content-Type': 'application/json' }, body: bytes.subarray(0, length) };
}

/** `{"error": "<text>"}` */
export function jsonError(status: number, text: string): Reply {
  return json({ error: text }, status);
}

export function text(body: string | Uint8Array, contentType = HTML, status = 200): Reply {
  return { status, headers: { 'Content-Type': contentType }, body };
}

/** No body; with the content type that the reference gives its empty answers. */
export function empty(status: number): Reply {
  return { status, headers: { 'Content-Type': HTML }, body: '' };
}

/** Answer to OPTIONS: nothing, not even a content type. */
export const NO_CONTENT: Reply = { status: 204, headers: {}, body: '' };

const NOT_FOUND_PAGE = `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>Not Found</title>
</head>
<body>
  <h1>Not Found</h1>
  <p>The requested resource was not found on this server.</p>
</body>
</html>
`;

/** What an address that leads nowhere answers, and a check that does not exist. */
export const NOT_FOUND: Reply = { status: 404, headers: { 'Content-Type': HTML }, body: NOT_FOUND_PAGE };

/** The same for Heartbeat Central's addresses. */
export const NO_APPLICATION: Reply = jsonError(404, 'application not found');

export function withHeaders(reply: Reply, headers: OutgoingHttpHeaders): Reply {
  return { ...reply, headers: { ...reply.headers, ...headers } };
}

/** @param withBody false for HEAD: the headers of the answer alone */
export function send(response: ServerResponse, reply: Reply, withBody = true): void {
  const headers = { ...reply.headers };
  if (reply.status !== 204) headers['Content-Length'] = Buffer.byteLength(reply.body);
  response.writeHead(reply.status, headers);
  response.end(withBody ? reply.body : undefined);
}
