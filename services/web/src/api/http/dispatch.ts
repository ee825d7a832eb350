import type { IncomingMessage, ServerResponse } from 'node:http';
import { findProjectByApiKey } from '@overdue/accounts';
import { sitePath } from '@overdue/config';
import { isConnectionError } from '@overdue/database';
import type { ApiDeps } from '../deps.ts';
import { readBody } from './body.ts';
import {
  type ApiVersion,
  type Call,
  type Endpoint,
  type KeyedOperation,
  type Method,
  pathPattern,
  type Subject,
} from './endpoint.ts';
import { JsonSyntaxError, nearestSafe, parseJsonBytes, TooManyValuesError } from './json-parse.ts';
import {
  empty,
  json,
  jsonError,
  NO_APPLICATION,
  NO_CONTENT,
  NOT_FOUND,
  type Reply,
  send,
  withHeaders,
} from './reply.ts';

/** Paths of which nobody else has a part: unknown ones below them are answered here. */
const OURS = /^\/(?:(?:api|badge|b)(?:\/|$)|projects\/[^/]+\/(?:checks\/)?metrics(?:\/|$))/;

/** Heartbeat Central's clients expect JSON, whatever is wrong. */
const APPLICATIONS = /^\/api\/applications(?:\/|$)/;

/**
 * Finds the endpoint of a request and answers it, in the order of M-12: method, JSON, key, and then the operation.
 * @returns a function that says false when the path is none of ours
 */
export function dispatcher(
  endpoints: readonly Endpoint[],
  deps: ApiDeps,
): (request: IncomingMessage, response: ServerResponse) => Promise<boolean> {
  const base = sitePath(deps.config);
  const routes = endpoints.map((endpoint) => ({
    endpoint,
    pattern: pathPattern(endpoint.path),
    cors: endpoint.cors ? corsHeaders(endpoint) : {},
  }));

  function find(path: string) {
    for (const route of routes) {
      const match = route.pattern.exec(path);
      if (match) return { ...route, params: match.groups ?? {} };
    }
    return null;
  }

  return async (request, response) => {
    const originalUrl = request.url ?? '/';
    if (!originalUrl.startsWith(`${base}/`)) return false;
    const url = originalUrl.slice(base.length);
    const queryAt = url.indexOf('?');
    const rawPath = queryAt < 0 ? url : url.slice(0, queryAt);
    const path = decoded(rawPath);
    const found = path === null ? null : find(path);
    if (!found) {
      if (path !== null && find(`${path}/`)) {
        send(response, redirect(originalUrl));
        return true;
      }
      if (!OURS.test(rawPath)) return false;
      send(response, APPLICATIONS.test(rawPath) ? NO_APPLICATION : NOT_FOUND, request.method !== 'HEAD');
      return true;
    }

    const { endpoint, params, cors } = found;
    const call: Call = {
      deps,
      request,
      headers: request.headers,
      query: new URLSearchParams(queryAt < 0 ? '' : url.slice(queryAt)),
      params,
      version: Number(params.version ?? 3) as ApiVersion,
    };
    let reply: Reply;
    try {
      reply = await answer(endpoint, call);
    } catch (error) {
      if (response.destroyed) return true; // the client went away while it was sending
      reply = failure(error, call);
    }
    send(response, withHeaders(reply, { ...cors, ...endpoint.headers?.(deps) }), request.method !== 'HEAD');
    return true;
  };
}

async function answer(endpoint: Endpoint, call: Call): Promise<Reply> {
  const method = call.request.method ?? 'GET';
  if (method === 'OPTIONS' && endpoint.cors) return NO_CONTENT;
  const safe = method === 'HEAD' || method === 'OPTIONS';
  const operation = endpoint.operations[(safe ? 'GET' : method) as Method];
  if (!operation || (safe && !(operation.key === 'none' && operation.head))) {
    const refusal = empty(405);
    return endpoint.allow ? withHeaders(refusal, { Allow: Object.keys(endpoint.operations).join(', ') }) : refusal;
  }
  return operation.key === 'none' ? operation.handle(call) : answerKeyed(endpoint, operation, method, call);
}

async function answerKeyed(endpoint: Endpoint, operation: KeyedOperation, method: string, call: Call): Promise<Reply> {
  const read = method === 'POST' || method === 'PUT' ? await readObject(call.request) : { object: {} };
  if ('refusal' in read) return read.refusal;
  const { object: body } = read;
  const key = suppliedKey(call, operation, body);
  if ([...key].length !== 32) return jsonError(401, 'missing api key');
  const { database, secretKey } = call.deps;
  const subject = endpoint.subject?.(database.sql, call.params);
  const holder = await findProjectByApiKey<Subject>(database, secretKey, key, subject);
  if (!holder || (holder.readOnly && operation.key === 'rw')) return jsonError(401, 'wrong api key');
  // To whoever reads a field, an integer beyond 2^53 is merely too large or too small (M-36).
  for (const name in body) {
    const value = body[name];
    if (typeof value === 'bigint') body[name] = nearestSafe(value);
  }
  const { project, readOnly, beside } = holder;
  return operation.handle({ ...call, project, readOnly, subject: subject && beside, body });
}

/** The JSON object in a request's body; an empty body is an empty object. */
async function readObject(request: IncomingMessage): Promise<{ object: Record<string, unknown> } | { refusal: Reply }> {
  const bytes = await readBody(request);
  if (bytes === null) {
    return { refusal: withHeaders(jsonError(400, 'request body is too large'), { Connection: 'close' }) };
  }
  if (bytes.length === 0) return { object: {} };
  let value: unknown;
  try {
    value = parseJsonBytes(bytes);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return { refusal: jsonError(400, 'could not parse request body') };
    if (error instanceof TooManyValuesError) return { refusal: jsonError(400, 'request body has too many values') };
    throw error;
  }
  if (isObject(value)) return { object: value };
  return { refusal: jsonError(400, 'json validation error: value is not an object') };
}

/**
 * M-13, M-14: a header, even an empty one, is the only word; else the body's `api_key` on read-write operations, of
 * which an integer counts as its digits. Anything else has not the length of a key.
 */
function suppliedKey(call: Call, operation: KeyedOperation, body: Record<string, unknown>): string {
  const header = call.headers['x-api-key'];
  if (typeof header === 'string') return header;
  const key = operation.key === 'rw' ? body.api_key : undefined;
  return typeof key === 'string' || typeof key === 'number' || typeof key === 'bigint' ? String(key) : '';
}

function isObject(value: unknown): value is Record<string, unknown> {
  // parseJson makes objects without prototype, so its Float is not taken for one.
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null;
}

/** M-4. */
function corsHeaders(endpoint: Endpoint): Record<string, string> {
  return {
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Allow-Headers': 'X-Api-Key',
    'Access-Control-Allow-Methods': [...Object.keys(endpoint.operations), 'OPTIONS'].join(', '),
    'Access-Control-Max-Age': '600',
  };
}

function redirect(originalUrl: string): Reply {
  const [path = '', query] = originalUrl.split(/\?(.*)/s);
  const location = `${path.replace(/^\/{2,}/, '/')}/${query === undefined ? '' : `?${query}`}`;
  return withHeaders(empty(301), { Location: location });
}

function decoded(path: string): string | null {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}

function failure(error: unknown, { deps, request }: Call): Reply {
  if (isConnectionError(error)) {
    deps.logger.warn({ err: error, method: request.method, url: request.url }, 'API: the database is away');
    return withHeaders(json({ error: 'the database cannot be reached' }, 503), { 'Retry-After': '5' });
  }
  deps.logger.error({ err: error, method: request.method, url: request.url }, 'API: unexpected error');
  return jsonError(500, 'internal error');
}
