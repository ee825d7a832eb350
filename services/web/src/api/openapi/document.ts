import { z } from 'zod';
import { errorSchema, RESPONSES } from '../http/common.ts';
import {
  type Endpoint,
  type Method,
  type OpenOperation,
  type Operation,
  PARAMETERS,
  type ResponseDescription,
} from '../http/endpoint.ts';

/**
 * The API as OpenAPI 3.1, made from the same table that requests are dispatched by and the schemas that validate them.
 * Versions 1 and 2 are the same but for what docs/api.md says, so only version 3 is listed.
 */

type Json = Record<string, unknown>;

export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly components: { readonly schemas: Json; readonly securitySchemes: Json };
}

export interface OperationObject {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly description: string;
    readonly schema: Json;
  }[];
  readonly security: readonly Json[];
  readonly requestBody?: {
    readonly required: boolean;
    readonly content: Readonly<Record<string, { readonly schema?: Json }>>;
  };
  readonly responses: Readonly<
    Record<string, { description: string; content?: Readonly<Record<string, { schema?: Json }>> }>
  >;
}

const COMMON: Readonly<Record<'badRequest' | 'unauthorised', ResponseDescription>> = {
  badRequest: { description: 'The body is not a JSON object.', schema: errorSchema },
  unauthorised: { description: 'The key is missing or wrong.', schema: errorSchema },
};

const SECURITY_SCHEMES: Readonly<Record<NonNullable<OpenOperation['credential']> | 'key', Json>> = {
  key: { type: 'apiKey', in: 'header', name: 'X-Api-Key', description: 'API key of the project.' },
  readOnlyKey: { type: 'http', scheme: 'bearer', description: 'Read-only API key of the project.' },
  metricsKey: { type: 'apiKey', in: 'header', name: 'X-Metrics-Key', description: 'The configured METRICS_KEY.' },
};

/** M-14. */
const KEY_IN_BODY: Json = {
  type: 'object',
  properties: {
    api_key: {
      type: 'string',
      description:
        'A read-write key, for clients that cannot send the header `X-Api-Key`. The header counts when both are there.',
    },
  },
};

export function openApiDocument(endpoints: readonly Endpoint[], siteRoot: string): OpenApiDocument {
  const schemas: Json = { KeyInBody: KEY_IN_BODY };
  const paths: Record<string, Record<string, OperationObject>> = {};
  for (const endpoint of endpoints) {
    const path = endpoint.path.replace('{version}', '3');
    paths[path] ??= {}; // the v3 form of a path that v1 and v2 have less of comes first
    for (const [method, operation] of Object.entries(endpoint.operations) as [Method, Operation][]) {
      paths[path][method.toLowerCase()] ??= operationObject(endpoint, path, method, operation, schemas);
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Overdue management API',
      version: '3',
      description:
        'Checks, pings, changes of status, integrations, badges and metrics. Read-write keys may do everything, ' +
        'read-only keys what does not show ping addresses.',
    },
    servers: [{ url: siteRoot }],
    tags: [...new Set(endpoints.map((endpoint) => endpoint.tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}

function operationObject(
  endpoint: Endpoint,
  path: string,
  method: Method,
  operation: Operation,
  schemas: Json,
): OperationObject {
  const parameters = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name: name!,
      in: 'path',
      required: true,
      description: PARAMETERS[name!]!.description,
      schema: parameterSchema(PARAMETERS[name!]!.pattern),
    })),
    ...(operation.query ?? []).map(({ name, description, schema }) => ({
      name,
      in: 'query',
      required: false,
      description,
      schema: jsonSchema(schema, schemas),
    })),
  ];
  const keyed = operation.key !== 'none';
  const responses = {
    ...(keyed && (method === 'POST' || method === 'PUT') ? { 400: COMMON.badRequest } : {}),
    ...operation.responses,
    ...(keyed ? { 401: COMMON.unauthorised, 503: RESPONSES.away } : {}),
  };
  const readOnly = operation.key === 'ro' ? 'Read-only keys may, too.' : '';
  const description = [operation.description, readOnly].filter(Boolean).join(' ');
  const credential = operation.key === 'none' ? operation.credential : 'key';
  const body = requestBody(method, operation, schemas);
  return {
    operationId: operation.id,
    tags: [endpoint.tag],
    summary: operation.summary,
    ...(description ? { description } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    security: credential ? [{ [credential]: [] }] : [],
    ...(body ? { requestBody: body } : {}),
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, response]) => [status, responseObject(response, schemas)]),
    ),
  };
}

/** An empty body counts as `{}`, so one is needed only where the schema does not take that. */
function requestBody(method: Method, operation: Operation, schemas: Json): OperationObject['requestBody'] | null {
  const { key, bodySchema, bodyContentType } = operation;
  if (key === 'rw' && (method === 'POST' || method === 'PUT')) {
    const keyInBody = { $ref: '#/components/schemas/KeyInBody' };
    const schema = bodySchema ? { allOf: [jsonSchema(bodySchema, schemas), keyInBody] } : keyInBody;
    const required = bodySchema !== undefined && !bodySchema.safeParse({}).success;
    return { required, content: { 'application/json': { schema } } };
  }
  return bodyContentType ? { required: false, content: { [bodyContentType]: {} } } : null;
}

/** Without the pattern where it has Unicode classes: tools in other languages than JavaScript refuse those. */
function parameterSchema(pattern: string): Json {
  return pattern.includes('\\p{') ? { type: 'string' } : { type: 'string', pattern: `^(${pattern})$` };
}

function responseObject(
  { description, schema, contentType }: ResponseDescription,
  schemas: Json,
): OperationObject['responses'][string] {
  const content = {
    ...(schema ? { 'application/json': { schema: jsonSchema(schema, schemas) } } : {}),
    ...(contentType ? { [contentType]: {} } : {}),
  };
  return { description, ...(Object.keys(content).length > 0 ? { content } : {}) };
}

/** The schema, its named parts moved to `schemas`. */
function jsonSchema(schema: z.ZodType, schemas: Json): Json {
  const { $schema: _, $defs, ...rest } = z.toJSONSchema(schema, { io: 'input' }) as Json & { $defs?: Json };
  for (const [name, definition] of Object.entries($defs ?? {})) schemas[name] = hoisted(definition);
  return hoisted(rest) as Json;
}

function hoisted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hoisted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === '$ref' && typeof member === 'string'
        ? member.replace('#/$defs/', '#/components/schemas/')
        : hoisted(member),
    ]),
  );
}
