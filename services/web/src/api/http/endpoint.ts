import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Project } from '@overdue/accounts';
import type { Fragment, Sql } from '@overdue/database';
import type { z } from 'zod';
import type { ApiDeps } from '../deps.ts';
import type { Reply } from './reply.ts';

export type ApiVersion = 1 | 2 | 3;
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What an operation is handed. */
export interface Call {
  readonly deps: ApiDeps;
  readonly request: IncomingMessage;
  readonly headers: IncomingHttpHeaders;
  readonly query: URLSearchParams;
  /** Parts of the path, percent-decoded once. */
  readonly params: Readonly<Record<string, string>>;
  /** Of the path; 3 where the path has none. */
  readonly version: ApiVersion;
}

/** A row that is looked up together with the key. */
export type Subject = { readonly id: number };

/** A call with a valid key. */
export interface KeyedCall extends Call {
  readonly project: Project;
  readonly readOnly: boolean;
  /** What the path names, whoever's it is; null: there is nothing. Undefined where its endpoint has no `subject`. */
  readonly subject?: Subject | null | undefined;
  /** The parsed JSON object of a POST or PUT; empty for other methods. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** An answer in the words of OpenAPI. */
export interface ResponseDescription {
  readonly description: string;
  /** Of the JSON document. Absent: the body is empty, or `contentType` says what it is. */
  readonly schema?: z.ZodType;
  readonly contentType?: string;
}

export interface QueryParameter {
  readonly name: string;
  readonly description: string;
  readonly schema: z.ZodType;
}

interface Described {
  /** camelCase, unique; OpenAPI's operationId. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  readonly query?: readonly QueryParameter[];
  /** Of the JSON body. */
  readonly bodySchema?: z.ZodType;
  readonly bodyContentType?: string;
  /** By status; what every keyed operation may answer (401, …) is added by the generator. */
  readonly responses: Readonly<Record<number, ResponseDescription>>;
}

export interface KeyedOperation extends Described {
  /** `rw`: a read-write key; `ro`: either kind. */
  readonly key: 'rw' | 'ro';
  /** Whether a body that is not JSON is an error before the key is looked at (M-12). True for POST and PUT. */
  handle(call: KeyedCall): Promise<Reply> | Reply;
}

export interface OpenOperation extends Described {
  readonly key: 'none';
  /** HEAD is answered as GET without the body, and OPTIONS as GET unless `cors` says otherwise (§11.1). */
  readonly head?: boolean;
  /** What its handler asks for in a header instead of an API key; see the security schemes of the OpenAPI document. */
  readonly credential?: 'readOnlyKey' | 'metricsKey';
  handle(call: Call): Promise<Reply> | Reply;
}

export type Operation = KeyedOperation | OpenOperation;

export interface Endpoint {
  /** As OpenAPI writes it: `/api/v{version}/checks/{uuid}/pause`. What a parameter may hold is said in PARAMETERS. */
  readonly path: string;
  /** Part of the API reference it is listed under. */
  readonly tag: string;
  readonly operations: Readonly<Partial<Record<Method, Operation>>>;
  /** The query for what the path names, of one row at most; it is looked up together with the key, in one statement. */
  readonly subject?: (sql: Sql, params: Call['params']) => Fragment;
  /** Headers of every answer, the 404 and 405 included. */
  readonly headers?: (deps: ApiDeps) => Readonly<Record<string, string>>;
  /** May be called by scripts of other sites: answers OPTIONS and carries the headers of M-4. */
  readonly cors: boolean;
  /** Of 405: the original's own views list no `Allow`, the framework's do. */
  readonly allow?: boolean;
}

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';

/** What a path's parameters may hold (M-1, M-75, M-79). */
export const PARAMETERS: Readonly<Record<string, { pattern: string; description: string }>> = {
  version: { pattern: '[123]', description: 'Version of the API.' },
  uuid: { pattern: UUID, description: 'UUID, in lower case.' },
  unique_key: { pattern: '[A-z0-9]{40}', description: 'Unique key, as read-only keys see it.' },
  n: { pattern: '[0-9]+', description: 'Number of the ping.' },
  states: { pattern: '[0-9]+', description: '3: late is shown; 2: late counts as up.' },
  badge_key: { pattern: '[-a-zA-Z0-9_]+', description: "The project's badge key." },
  signature: { pattern: '[-a-zA-Z0-9_]+', description: 'Signature; ends with `-2` when late counts as up.' },
  tag: { pattern: '[\\p{L}\\p{N}_%~.-]+', description: 'The tag, percent-encoded twice.' },
  format: { pattern: '[-a-zA-Z0-9_]+', description: '`svg`, `json` or `shields`.' },
  key: { pattern: '[^/]+', description: 'Read-only API key.' },
  id: { pattern: `[0-9]+|${UUID}`, description: 'Number of the application, or its UUID.' },
};

/** The path as a pattern with a named group for each parameter, over the percent-decoded path. */
export function pathPattern(path: string): RegExp {
  const source = path.replace(/\{(\w+)\}|([.*+?^$()[\]\\|])/g, (_, name: string | undefined, special: string) =>
    name === undefined ? `\\${special}` : `(?<${name}>${PARAMETERS[name]!.pattern})`,
  );
  return new RegExp(`^${source}$`, 'u');
}
