import { z } from 'zod';
import type { WebDeps } from '../../deps.ts';
import type { Endpoint, OpenOperation } from '../http/endpoint.ts';
import { text } from '../http/reply.ts';
import { openApiDocument } from './document.ts';
import { apiReferencePage } from './page.ts';

const PATH = '/api/v3/openapi.json';

/** The description of `endpoints`, and of itself. */
export function openApiEndpoints(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const document: OpenOperation = {
    id: 'getOpenApi',
    summary: 'This description of the API',
    key: 'none',
    head: true,
    responses: { 200: { description: 'OpenAPI 3.1.', schema: z.looseObject({ openapi: z.literal('3.1.0') }) } },
    handle: ({ deps }) => text(JSON.stringify(describe(deps), null, 1), 'application/json'),
  };
  const page: OpenOperation = {
    id: 'getApiReference',
    summary: 'This description of the API, to read',
    key: 'none',
    head: true,
    responses: { 200: { description: 'The page.', contentType: 'text/html' } },
    handle({ deps }) {
      const reply = text(apiReferencePage(describe(deps), deps.config.SITE_ROOT + PATH));
      const policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
      return { ...reply, headers: { ...reply.headers, 'Content-Security-Policy': policy } };
    },
  };
  const own: readonly Endpoint[] = [
    { path: PATH, tag: 'Service', cors: true, operations: { GET: document } },
    { path: '/docs/api/reference/', tag: 'Service', cors: false, allow: true, operations: { GET: page } },
  ];
  const all = [...endpoints, ...own];

  let described: ReturnType<typeof openApiDocument> | undefined;
  function describe({ config }: WebDeps) {
    described ??= openApiDocument(all, config.SITE_ROOT);
    return described;
  }
  return own;
}
