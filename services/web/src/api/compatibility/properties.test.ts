import fc from 'fast-check';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { allEndpoints } from '../endpoints.ts';
import type { TestProject } from '../testing.ts';
import { UNKNOWN_UUID, useTestApi } from './setup.ts';

/** Milliseconds: many requests one after another, on a machine that may be busy. */
const PATIENCE = 120_000;
vi.setConfig({ testTimeout: PATIENCE });

const context = useTestApi();
let project: TestProject;
beforeAll(async () => {
  project = await context.api.project();
});
const call = (path: string, method: string, body?: unknown) =>
  context.api.call(path, { method, key: project.rw, ...(body === undefined ? {} : { body }) });

const FIELDS =
  'channels desc failure_kw filter_subject filter_body filter_http_body filter_default_fail grace manual_resume methods name schedule slug start_kw subject subject_fail success_kw tags timeout tz unique kind settings checks expected_interval grace_period is_active disabled'.split(
    ' ',
  );

/** Text that is hard on parsers and databases. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 220 }),
  fc.constantFrom(
    '',
    '*',
    ',',
    'UTC',
    '* * * * *',
    'daily',
    '\0',
    '\ud800',
    'POST',
    'a b',
    'email',
    'webhook',
    UNKNOWN_UUID,
  ),
  fc.integer({ min: 90, max: 600 }).map((n) => 'é'.repeat(n)),
);
const value = fc.oneof(
  { weight: 3, arbitrary: text },
  { weight: 2, arbitrary: fc.constantFrom(0, 1, 59, 60, 3600, 31536000, 31536001, -1, 1e15, 60.5, true, false, null) },
  fc.array(fc.constantFrom('name', 'slug', 'tags', 'timeout', 'grace', 'x', 1, null), { maxLength: 4 }),
  fc.jsonValue({ maxDepth: 3 }),
);
const request = fc.dictionary(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...FIELDS) }, fc.string()), value, {
  maxKeys: 6,
});

test('a create answers 201, 200 or 400, and makes a check exactly when it says so', async () => {
  const count = async () =>
    (await context.database.sql`select count(*)::int as n from checks where project_id = ${project.id}`)[0]!.n;
  await fc.assert(
    fc.asyncProperty(request, fc.constantFrom('v1', 'v2', 'v3'), async (body, version) => {
      const before = await count();
      const reply = await call(`/api/${version}/checks/`, 'POST', body);
      expect([200, 201, 400]).toContain(reply.status);
      expect(await count()).toBe(before + Number(reply.status === 201));
      if (reply.status === 400) return;
      // What was accepted is shown as it was given.
      for (const field of ['name', 'tags', 'desc', 'grace', 'methods', 'start_kw', 'manual_resume']) {
        if (Object.hasOwn(body, field)) expect(reply.json[field]).toEqual(body[field]);
      }
      expect((await call(`/api/${version}/checks/${reply.json.uuid}`, 'GET')).json).toEqual(reply.json);
    }),
    { numRuns: 150 },
  );
});

test('an update that is refused changes nothing', async () => {
  const { uuid } = (await call('/api/v3/checks/', 'POST', { name: 'x' })).json;
  await fc.assert(
    fc.asyncProperty(request, async (body) => {
      const before = (await call(`/api/v3/checks/${uuid}`, 'GET')).text;
      const reply = await call(`/api/v3/checks/${uuid}`, 'POST', body);
      expect([200, 400]).toContain(reply.status);
      expect((await call(`/api/v3/checks/${uuid}`, 'GET')).text).toBe(reply.status === 200 ? reply.text : before);
    }),
    { numRuns: 150 },
  );
});

describe('anything at any address is never a 5xx', () => {
  test('random documents and bytes', async () => {
    const { uuid } = (await call('/api/v3/checks/', 'POST', { name: 'any' })).json;
    const operations = allEndpoints(context.api.deps).flatMap((endpoint) =>
      ['GET', 'POST', 'PUT', 'DELETE'].map((method) => [method, endpoint.path] as const),
    );
    const parameter = fc.constantFrom(
      uuid,
      UNKNOWN_UUID,
      'x',
      '1',
      '%00',
      '%ff',
      'a'.repeat(40),
      '..',
      project.ro,
      'db',
    );
    const body = fc.oneof(request, fc.jsonValue(), fc.uint8Array({ maxLength: 50 }), fc.string({ unit: 'binary' }));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...operations),
        fc.array(parameter, { minLength: 4, maxLength: 4 }),
        body,
        fc.webQueryParameters(),
        async ([method, path], parameters, document, query) => {
          let i = 0;
          const filled = path.replace('{version}', '3').replace(/\{\w+\}/g, () => String(parameters[i++ % 4]));
          const reply = await call(
            `${filled}?${query}`,
            method,
            ['GET', 'HEAD'].includes(method) ? undefined : document,
          );
          // These say 503 here: no ingester runs.
          if (!path.endsWith('/status/') && path !== '/health') expect(reply.status).toBeLessThan(500);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
