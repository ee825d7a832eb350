import { uniqueKey } from '@overdue/checks';
import { connect } from '@overdue/database';
import { Validator } from '@seriousme/openapi-schema-validator';
import { beforeAll, describe, expect, test } from 'vitest';
import { badgeSignature } from '../badges/signature.ts';
import { UNKNOWN_UUID, useTestApi } from '../compatibility/setup.ts';
import { allEndpoints } from '../endpoints.ts';
import { type RequestOptions, SECRET_KEY, startTestApi, type TestProject } from '../testing.ts';
import type { OpenApiDocument } from './document.ts';
import { expectDescribed, needsKey, operationsOf } from './testing.ts';

const context = useTestApi();
let document: OpenApiDocument;
let project: TestProject;
let foreign: TestProject;
beforeAll(async () => {
  document = (await context.api.call('/api/v3/openapi.json')).json;
  project = await context.api.project();
  foreign = await context.api.project();
});

/** The request, once what it needs is there. */
const after = <T>(_: unknown, request: T): T => request;

type Request = RequestOptions & { readonly path: string };

/** A request for every status that an operation promises, by operationId. What all keyed ones share is below. */
function scenarios(): Record<string, Record<number, () => Promise<Request> | Request>> {
  const keyed = (path: string, method = 'GET', body?: unknown): Request => ({
    path,
    method,
    key: project.rw,
    ...(body === undefined ? {} : { body }),
  });
  const create = async (body: unknown = {}, key = project.rw) =>
    (await context.api.call('/api/v3/checks/', { method: 'POST', key, body })).json;
  const ofCheck = (method: string, suffix = '', body?: unknown) => ({
    200: async () => keyed(`/api/v3/checks/${(await create()).uuid}${suffix}`, method, body),
    403: async () => keyed(`/api/v3/checks/${(await create({}, foreign.rw)).uuid}${suffix}`, method, body),
    404: () => keyed(`/api/v3/checks/${UNKNOWN_UUID}${suffix}`, method, body),
  });
  const byKey = (suffix = '') => ({
    200: async () => keyed(`/api/v3/checks/${uniqueKey((await create()).uuid)}${suffix}`),
    404: () => keyed(`/api/v3/checks/${uniqueKey(UNKNOWN_UUID)}${suffix}`),
  });
  const full = async () => {
    const limited = await context.api.project({ checkLimit: 0 });
    return limited.rw;
  };
  const pingedCheck = async () => {
    const { uuid } = await create();
    await context.database.sql`
      with c as (update checks set n_pings = 2 where code = ${uuid} returning id)
      insert into pings (check_id, n, id, created_at, kind, scheme, method, body)
      select c.id, n, gen_random_uuid(), now() + n * interval '1 second', case n when 1 then 'start' else 'success' end,
             'http', 'POST', 'hello'::bytea from c, generate_series(1, 2) n`;
    return uuid;
  };
  const webhook = { kind: 'webhook', settings: { url_down: 'http://127.0.0.1:9/' } };
  const channel = async () => (await context.api.call('/api/v3/channels/', keyed('', 'POST', webhook))).json.id;
  const application = async () =>
    (await context.api.call('/api/applications', keyed('', 'POST', { name: 'a' }))).json.id;
  const instances = async (...services: string[]) => {
    await context.database.sql`delete from instances`;
    for (const service of services) {
      await context.database.sql`
        insert into instances (id, service, host, pid, started_at) values (gen_random_uuid(), ${service}, 'h', 1, now())`;
    }
  };
  const badge = (tag: string, key = project.badgeKey) => `/badge/${key}/${badgeSignature(SECRET_KEY, key, tag)}`;
  const status = (path: string) => ({
    200: async () => after(await instances('ingester', 'sendalerts'), { path }),
    503: async () => after(await instances('ingester'), { path }),
  });
  const metrics = (path: string) => ({
    200: () => ({ path: `${path}${project.ro}` }),
    400: () => ({ path: `${path}x` }),
    403: () => ({ path: `${path}${project.rw}` }),
  });
  const bearer = (key: string): Request => ({
    path: `/projects/${project.code}/metrics/`,
    headers: { Authorization: `Bearer ${key}` },
  });
  return {
    listChecks: { 200: () => keyed('/api/v3/checks/') },
    createCheck: {
      200: async () => keyed('/api/v3/checks/', 'POST', { name: (await create({ name: 'u' })).name, unique: ['name'] }),
      201: () => keyed('/api/v3/checks/', 'POST', { name: 'n', schedule: '* * * * *' }),
      400: () => keyed('/api/v3/checks/', 'POST', { name: 1 }),
      403: async () => ({ ...keyed('/api/v3/checks/', 'POST', {}), key: await full() }),
    },
    getCheck: ofCheck('GET'),
    updateCheck: {
      ...ofCheck('POST', '', {}),
      400: async () => keyed(`/api/v3/checks/${(await create()).uuid}`, 'POST', { tz: '' }),
    },
    deleteCheck: ofCheck('DELETE'),
    getCheckByUniqueKey: byKey(),
    pauseCheck: ofCheck('POST', '/pause'),
    resumeCheck: {
      ...ofCheck('POST', '/resume'),
      200: async () => {
        const { uuid } = await create();
        await context.api.call(`/api/v3/checks/${uuid}/pause`, keyed('', 'POST'));
        return keyed(`/api/v3/checks/${uuid}/resume`, 'POST');
      },
      409: async () => keyed(`/api/v3/checks/${(await create()).uuid}/resume`, 'POST'),
    },
    listPings: { ...ofCheck('GET', '/pings/'), 200: async () => keyed(`/api/v3/checks/${await pingedCheck()}/pings/`) },
    getPingBody: {
      ...ofCheck('GET', '/pings/1/body'),
      200: async () => keyed(`/api/v3/checks/${await pingedCheck()}/pings/1/body`),
    },
    listFlips: {
      ...ofCheck('GET', '/flips/'),
      200: async () => {
        const { uuid } = await create();
        await context.api.call(`/api/v3/checks/${uuid}/pause`, keyed('', 'POST'));
        return keyed(`/api/v3/checks/${uuid}/flips/`);
      },
      400: async () => keyed(`/api/v3/checks/${(await create()).uuid}/flips/?start=x`),
    },
    listFlipsByUniqueKey: {
      ...byKey('/flips/'),
      400: async () => keyed(`/api/v3/checks/${uniqueKey((await create()).uuid)}/flips/?start=x`),
    },
    explainCheck: {
      ...ofCheck('GET', '/explain/'),
      200: async () => {
        const { uuid } = await create({ channels: '*' });
        await context.database.sql`
          insert into flips (check_id, created_at, old_status, new_status, reason)
          select id, now() - interval '1 minute', 'up', 'down', 'timeout' from checks where code = ${uuid}`;
        return keyed(`/api/v3/checks/${uuid}/explain/`);
      },
      400: async () => keyed(`/api/v3/checks/${(await create()).uuid}/explain/?at=yesterday`),
    },
    listChannels: { 200: async () => after(await channel(), keyed('/api/v3/channels/')) },
    createChannel: {
      201: () => keyed('/api/v3/channels/', 'POST', webhook),
      400: () => keyed('/api/v3/channels/', 'POST', {}),
    },
    getChannel: {
      200: async () => keyed(`/api/v3/channels/${await channel()}`),
      404: () => keyed(`/api/v3/channels/${UNKNOWN_UUID}`),
    },
    updateChannel: {
      200: async () => keyed(`/api/v3/channels/${await channel()}`, 'POST', { name: 'x' }),
      400: async () => keyed(`/api/v3/channels/${await channel()}`, 'POST', { name: 1 }),
      404: () => keyed(`/api/v3/channels/${UNKNOWN_UUID}`, 'POST', {}),
    },
    deleteChannel: {
      200: async () => keyed(`/api/v3/channels/${await channel()}`, 'DELETE'),
      404: () => keyed(`/api/v3/channels/${UNKNOWN_UUID}`, 'DELETE'),
    },
    testChannel: {
      200: async () => keyed(`/api/v3/channels/${await channel()}/test`, 'POST'),
      400: async () => {
        const id = await channel();
        await context.database.sql`update channels set notify_down = false, notify_up = false where code = ${id}`;
        return keyed(`/api/v3/channels/${id}/test`, 'POST');
      },
      404: () => keyed(`/api/v3/channels/${UNKNOWN_UUID}/test`, 'POST'),
      429: async () => {
        await context.database.sql`
          insert into token_buckets (key, tokens, updated_at) values (${`test-${project.ownerId}`}, 0, ${context.api.clock.now()})
          on conflict (key) do update set tokens = 0, updated_at = excluded.updated_at`;
        return keyed(`/api/v3/channels/${await channel()}/test`, 'POST');
      },
    },
    listBadges: { 200: async () => after(await create({ tags: 'db' }), keyed('/api/v3/badges/')) },
    getProjectBadge: { 200: () => ({ path: `${badge('*')}.json` }), 404: () => ({ path: `${badge('x')}.json` }) },
    getTagBadge: { 200: () => ({ path: `${badge('db')}/db.shields` }), 404: () => ({ path: `${badge('x')}/db.svg` }) },
    getCheckBadge: {
      200: async () => ({ path: new URL((await create()).badge_url).pathname }),
      404: () => ({ path: `/b/2/${UNKNOWN_UUID}.svg` }),
    },
    getStatus: status('/api/v3/status/'),
    getServiceMetrics: {
      200: () => ({ path: '/api/v3/metrics/', headers: { 'X-Metrics-Key': 'metrics key' } }),
      403: () => ({ path: '/api/v3/metrics/' }),
    },
    reportDelivery: {
      200: () => ({
        path: `/api/v3/notifications/${UNKNOWN_UUID}/status`,
        method: 'POST',
        body: 'error=x',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      }),
      404: () => ({ path: '/api/v3/notifications/x/status', method: 'POST' }),
    },
    reportBounce: { 200: () => ({ path: '/api/v3/bounces/', method: 'POST', body: 'To: x@y\n\n' }) },
    reportBounceByGet: { 200: () => ({ path: '/api/v3/bounces/' }) },
    reportBounceByPut: { 200: () => ({ path: '/api/v3/bounces/', method: 'PUT', body: '' }) },
    reportBounceByPatch: { 200: () => ({ path: '/api/v3/bounces/', method: 'PATCH', body: '' }) },
    reportBounceByDelete: { 200: () => ({ path: '/api/v3/bounces/', method: 'DELETE' }) },
    getMetrics: metrics(`/projects/${UNKNOWN_UUID}/metrics/`),
    getMetricsOldForm: metrics(`/projects/${UNKNOWN_UUID}/checks/metrics/`),
    getMetricsWithHeader: {
      200: () => bearer(project.ro),
      400: () => bearer('x'),
      401: () => ({ path: `/projects/${project.code}/metrics/` }),
      403: () => bearer(project.rw),
    },
    listApplications: { 200: async () => after(await application(), keyed('/api/applications')) },
    createApplication: {
      201: () => keyed('/api/applications', 'POST', { name: 'x' }),
      400: () => keyed('/api/applications', 'POST', {}),
      403: async () => ({ ...keyed('/api/applications', 'POST', { name: 'x' }), key: await full() }),
    },
    getApplication: {
      200: async () => keyed(`/api/applications/${await application()}`),
      404: () => keyed('/api/applications/1'.padEnd(24, '9')),
    },
    updateApplication: {
      200: async () => keyed(`/api/applications/${await application()}`, 'PUT', { name: 'y' }),
      400: async () => keyed(`/api/applications/${await application()}`, 'PUT', { name: 1 }),
      404: () => keyed('/api/applications/999999', 'PUT', {}),
    },
    deleteApplication: {
      204: async () => keyed(`/api/applications/${await application()}`, 'DELETE'),
      404: () => keyed('/api/applications/999999', 'DELETE'),
    },
    listHeartbeats: {
      200: async () => keyed(`/api/applications/${await pingedCheck()}/heartbeats`),
      400: async () => keyed(`/api/applications/${await application()}/heartbeats?limit=0`),
      404: () => keyed('/api/applications/999999/heartbeats'),
    },
    getHealth: status('/health'),
    getOpenApi: { 200: () => ({ path: '/api/v3/openapi.json' }) },
    getApiReference: { 200: () => ({ path: '/docs/api/reference/' }) },
  };
}

/** What is in the way of the key and of the check: a body that is no JSON (M-12). */
const notJson = (path: string, method: string): Request => ({
  path: path.replace('{uuid}', UNKNOWN_UUID),
  method,
  body: '{',
});

test('is valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  expect(await validator.validate({ ...structuredClone(document) })).toMatchObject({ valid: true });
  expect(validator.version).toBe('3.1');
  // It does look: what is not allowed is found.
  const broken = { ...document, paths: { '/x': { get: { responses: { 200: {} } } } } };
  expect(await new Validator().validate(broken)).toMatchObject({ valid: false });
});

test('lists every route of the dispatcher and no other', () => {
  const described = operationsOf(document).map(({ method, path }) => `${method} ${path}`);
  const dispatched = allEndpoints(context.api.deps).flatMap((endpoint) =>
    Object.keys(endpoint.operations).map((method) => `${method} ${endpoint.path.replace('{version}', '3')}`),
  );
  expect(new Set(described)).toEqual(new Set(dispatched));
  const ids = operationsOf(document).map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

test('patterns are such as every language reads', () => {
  const patterns = [...JSON.stringify(document).matchAll(/"pattern":"((?:[^"\\]|\\.)+)"/g)].map((match) => match[1]!);
  expect(patterns.length).toBeGreaterThan(10);
  for (const pattern of patterns) expect(pattern).not.toContain('\\p{');
});

test('names its parts: no reference leads nowhere', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1]!);
  expect(references.length).toBeGreaterThan(20);
  for (const reference of references) {
    expect(Object.keys(document.components.schemas)).toContain(reference.replace('#/components/schemas/', ''));
  }
  expect(document.components.schemas).toHaveProperty('CheckRequest.properties.slug.pattern', '^[a-z0-9_-]*$');
  expect(document.components.schemas).toHaveProperty('CheckRequest.properties.name.maxLength', 100);
  expect(document.components.schemas).toHaveProperty('CheckRequest.properties.grace.minimum', 60);
});

test('says which key goes where, and where a body is needed', async () => {
  const operations = new Map(operationsOf(document).map((described) => [described.operation.operationId, described]));
  const security = (id: string) => operations.get(id)!.operation.security;
  expect(security('getServiceMetrics')).toEqual([{ metricsKey: [] }]);
  expect(security('getMetricsWithHeader')).toEqual([{ readOnlyKey: [] }]);
  expect(security('getStatus')).toEqual([]);
  expect(document.components.securitySchemes).toMatchObject({
    key: { in: 'header', name: 'X-Api-Key' },
    readOnlyKey: { type: 'http', scheme: 'bearer' },
    metricsKey: { in: 'header', name: 'X-Metrics-Key' },
  });
  // A body is needed exactly where an empty one is refused.
  for (const { path, method, operation } of operations.values()) {
    const named = Object.keys(operation.security[0] ?? {});
    for (const name of named) expect(Object.keys(document.components.securitySchemes)).toContain(name);
    if (!needsKey(operation) || !operation.requestBody) continue;
    const at = path.replace(/\{\w+\}/g, UNKNOWN_UUID);
    const reply = await context.api.call(at, { method, key: project.rw });
    expect([operation.operationId, operation.requestBody.required]).toEqual([
      operation.operationId,
      reply.status === 400 && !path.includes('{'),
    ]);
    // M-14: and wherever there is one, the key may be in it.
    expect(JSON.stringify(operation.requestBody)).toContain('#/components/schemas/KeyInBody');
    expect((await context.api.call(at, { method, body: { api_key: project.rw } })).status).toBe(reply.status);
  }
});

describe('every status exists, and its answer is as described', () => {
  test('of each operation', async () => {
    const cases = scenarios();
    for (const { path, method, operation } of operationsOf(document)) {
      const promised = Object.keys(operation.responses).map(Number);
      const shared = [...(needsKey(operation) ? [401] : []), ...(cases[operation.operationId]?.[503] ? [] : [503])];
      const own = promised.filter((status) => !shared.includes(status));
      for (const status of own) {
        if (operation.operationId.startsWith('getMetrics') && status === 404) continue; // prometheus.test.ts
        const request =
          (await cases[operation.operationId]?.[status]?.()) ?? (status === 400 ? notJson(path, method) : undefined);
        expect(request, `a request for ${operation.operationId} ${status}`).toBeDefined();
        const reply = await context.api.call(request!.path, request);
        expect([operation.operationId, reply.status]).toEqual([operation.operationId, status]);
        expectDescribed(reply, operation, document);
      }
    }
  });

  test('401 of all that need a key, 503 of all that need the database', async () => {
    const cases = scenarios();
    const target = { ...context.database.target, hosts: [{ host: '127.0.0.1', port: 1 }] };
    const away = connect({ target, applicationName: 'test' });
    const api = await startTestApi(away);
    const values: Record<string, string> = { uuid: UNKNOWN_UUID, unique_key: uniqueKey(UNKNOWN_UUID), n: '1', id: '1' };
    for (const { path, method, operation } of operationsOf(document)) {
      if (!needsKey(operation)) {
        const request = await cases[operation.operationId]![200]!();
        const reply = await api.call(request.path, request);
        const expected = operation.responses[503] ? 503 : 200;
        expect([operation.operationId, reply.status]).toEqual([operation.operationId, expected]);
        expectDescribed(reply, operation, document);
        continue;
      }
      const at = path.replace(/\{(\w+)\}/g, (_, name: string) => values[name]!);
      const without = await context.api.call(at, { method });
      expect(without.status).toBe(401);
      expectDescribed(without, operation, document);
      const unreachable = await api.call(at, { method, key: project.rw });
      expect(unreachable.status).toBe(503);
      expectDescribed(unreachable, operation, document);
    }
    await api.close();
    await away.close(0);
  });
});

test('the page names every operation and needs nothing else', async () => {
  const page = await context.api.call('/docs/api/reference/');
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  for (const { operation } of operationsOf(document)) expect(page.text).toContain(`id="${operation.operationId}"`);
  expect(page.text).not.toMatch(/<script|<link|src=|@import|url\(/);
  expect(page.text).toContain('<code>shields</code>');
  expect(page.text).not.toContain('`');
  const targets = [...page.text.matchAll(/href="#([^"]+)"/g)].map((match) => match[1]!);
  for (const target of targets) expect(page.text).toContain(`id="${target}"`);
});
