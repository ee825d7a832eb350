import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { printJson } from './json-print.ts';

/** An answer, before it is written. Handlers return one; nothing else touches the response. */
export interface Reply {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  /** A list: parts of one body, one after the other. */
  readonly body: string | Uint8Array | readonly Uint8Array[];
}

export const HTML = 'text/html; charset=utf-8';

/** Printed as the API's clients know it: see json-print.ts. */
export function json(document: unknown, status = 200): Reply {
  return { status, headers: { 'Content-Type': 'application/json' }, body: printJson(document) };
}

/** A JSON document that was printed already. */
export function printedJson(body: Reply['body'], status = 200): Reply {
  return { status, headers: { 'Content-Type': 'application/json' }, body };
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

/** Beside those that it has, or in their place. */
export function withHeaders(reply: Reply, headers: OutgoingHttpHeaders): Reply {
  return { ...reply, headers: { ...reply.headers, ...headers } };
}

/** @param withBody false for HEAD: the headers of the answer alone */
export function send(response: ServerResponse, { status, headers, body }: Reply, withBody = true): void {
  response.writeHead(status, status === 204 ? headers : { ...headers, 'Content-Length': bodyLength(body) });
  if (!withBody) response.end();
  else if (!Array.isArray(body)) response.end(body);
  else {
    for (const part of body) response.write(part);
    response.end();
  }
}

function bodyLength(body: Reply['body']): number {
  if (typeof body === 'string') return Buffer.byteLength(body);
  return Array.isArray(body) ? body.reduce((length, part) => length + part.length, 0) : body.length;
}
