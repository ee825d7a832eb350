import { uniqueKey } from '@overdue/checks';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { badgeSignature } from '../badges/signature.ts';
import { allEndpoints } from '../endpoints.ts';
import type { OpenApiDocument } from '../openapi/document.ts';
import { expectDescribed, operationsOf } from '../openapi/testing.ts';
import { addChannel, SECRET_KEY } from '../testing.ts';
import { UNKNOWN_UUID, useTestApi, useTestProject } from './setup.ts';

/** Milliseconds: many requests one after another, on a machine that may be busy. */
const PATIENCE = 120_000;
vi.setConfig({ testTimeout: PATIENCE });

const context = useTestApi();
const project = useTestProject(context);
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
    '㏒'.repeat(100), // as a slug three times as long
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
  let made = await count();
  await fc.assert(
    fc.asyncProperty(request, fc.constantFrom('v1', 'v2', 'v3'), async (body, version) => {
      const reply = await call(`/api/${version}/checks/`, 'POST', body);
      expect([200, 201, 400]).toContain(reply.status);
      made += Number(reply.status === 201);
      expect(await count()).toBe(made);
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
  let shown = (await call(`/api/v3/checks/${uuid}`, 'GET')).text;
  await fc.assert(
    fc.asyncProperty(request, async (body) => {
      const reply = await call(`/api/v3/checks/${uuid}`, 'POST', body);
      expect([200, 400]).toContain(reply.status);
      if (reply.status === 200) shown = reply.text;
      expect((await call(`/api/v3/checks/${uuid}`, 'GET')).text).toBe(shown);
    }),
    { numRuns: 150 },
  );
});

/** Everything of the project that a request could leave half done. */
async function state(): Promise<string> {
  const [row] = await context.database.sql`
    select
      (select json_agg(c order by id) from checks c where project_id = ${project.id}) as checks,
      (select json_agg(ch order by id) from channels ch where project_id = ${project.id}) as channels,
      (select json_agg(cc order by cc.check_id, cc.channel_id)
       from channel_checks cc join checks c on c.id = cc.check_id where c.project_id = ${project.id}) as links,
      (select count(*)::int from flips f join checks c on c.id = f.check_id where c.project_id = ${project.id}) as flips,
      (select count(*)::int from pings p join checks c on c.id = p.check_id where c.project_id = ${project.id}) as pings`;
  return JSON.stringify(row);
}

/** A check with a ping, and an integration; made anew when one was deleted. */
async function fixtures(): Promise<{ uuid: string; id: number; channel: string }> {
  const { sql } = context.database;
  const [check] = await sql<{ id: number; uuid: string }[]>`
    with c as (
      insert into checks (project_id, code, badge_key, name, n_pings)
      values (${project.id}, ${CHECK}, ${BADGE}, 'fixture', 1)
      on conflict (code) do nothing returning id
    ), p as (
      insert into pings (check_id, n, id, created_at, kind, scheme, method, body)
      select id, 1, gen_random_uuid(), now(), 'success', 'http', 'POST', 'hello'::bytea from c
    )
    select id, ${CHECK} as uuid from c union all select id, code::text from checks where code = ${CHECK}`;
  const there = await sql`select 1 from channels where code = ${CHANNEL}`;
  if (there.length === 0) await addChannel(context.database, project.id, { code: CHANNEL });
  return { ...check!, channel: CHANNEL };
}
const CHECK = 'cccccccc-1111-4222-8333-444444444444';
const BADGE = 'bbbbbbbb-1111-4222-8333-444444444444';
const CHANNEL = 'dddddddd-1111-4222-8333-444444444444';

/** Mostly what is right, so that one wrong member is met by right ones. */
const mostly = <T>(right: fc.Arbitrary<T>, wrong: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 3, arbitrary: right }, wrong);

const integration = fc.record(
  {
    kind: mostly(fc.constant('webhook'), fc.constantFrom('slack', 'email', 'shell', 'x', 1)),
    name: mostly(fc.constant('x'), value),
    settings: mostly(
      fc.constantFrom<object>(
        { url_down: 'http://127.0.0.1:9/' },
        { url_up: 'http://127.0.0.1:9/', headers_up: { A: 'b' } },
      ),
      fc.dictionary(fc.constantFrom('value', 'url_down', 'headers_down', 'name', 'down', 'up', 'method_down'), value),
    ),
    checks: mostly(fc.constantFrom<unknown>('*', [CHECK], []), fc.constantFrom([UNKNOWN_UUID], [CHECK, 'x'], null)),
    disabled: mostly(fc.boolean(), value),
  },
  { requiredKeys: ['kind', 'settings'] },
);
const application = fc.record(
  {
    name: mostly(fc.constant('x'), value),
    expected_interval: mostly(fc.constant(60), value),
    grace_period: mostly(fc.constant(60), value),
    is_active: mostly(fc.boolean(), value),
  },
  { requiredKeys: ['name'] },
);
/** Of each, the first and last that there are, and those beyond. */
const MOMENTS = [
  '0',
  '10000000000',
  '10000000001',
  '99999999999',
  '-1',
  '1970-01-01T00:00:00Z',
  '1969-12-31T23:59:59Z',
  '0000-01-01T00:00:00Z',
  '0001-01-01T00:00:00+01:00',
  '9999-12-31T23:59:59-01:00',
  '2286-11-20T17:46:40Z',
  '2026-02-29T00:00:00Z',
];
const anything = fc.oneof(request, fc.jsonValue(), fc.uint8Array({ maxLength: 50 }));
const likely = (path: string) =>
  path.includes('/channels/') ? integration : path.includes('/applications') ? application : request;

test.each(MOMENTS)('explain at %s', async (at) => {
  const { uuid } = await fixtures();
  const reply = await call(`/api/v3/checks/${uuid}/explain/?${new URLSearchParams({ at })}`, 'GET');
  const valid = ['0', '10000000000', '1970-01-01T00:00:00Z', '2286-11-20T17:46:40Z'].includes(at);
  expect([reply.status, /^at is not a moment/.test(reply.json.error)]).toEqual([valid ? 200 : 400, !valid]);
});

describe('every operation of the OpenAPI document, with anything for a body and a query', () => {
  test('answers as described, never 5xx; what is refused changed nothing', async () => {
    const document: OpenApiDocument = (await context.api.call('/api/v3/openapi.json')).json;
    const query = fc.oneof(
      fc.dictionary(fc.constantFrom('tag', 'slug', 'start', 'end', 'seconds', 'limit', 'offset', 'at'), text),
      fc.record({ at: fc.constantFrom(...MOMENTS), start: fc.constantFrom(...MOMENTS) }, { requiredKeys: [] }),
      fc.constant({}),
    );
    const seen = new Map<string, Set<number>>();
    for (const { path, method, operation } of operationsOf(document)) {
      const versions = path.includes('/channels/') ? [3] : [3, 3, 2, 1];
      const body = fc.oneof({ weight: 3, arbitrary: likely(path) }, anything);
      await fc.assert(
        fc.asyncProperty(body, query, fc.constantFrom(...versions), async (given, parameters, version) => {
          const { uuid, id, channel } = await fixtures();
          const values: Record<string, string> = {
            uuid: path.includes('/channels/') ? channel : path.startsWith('/b/') ? BADGE : uuid,
            unique_key: uniqueKey(uuid),
            id: String(id),
            n: '1',
            key: project.ro,
            states: '2',
            format: 'json',
            tag: 'x',
            badge_key: project.badgeKey,
            signature: badgeSignature(SECRET_KEY, project.badgeKey, path.includes('{tag}') ? 'x' : '*'),
          };
          const filled = path
            .replace('/v3/', `/v${version}/`)
            .replace(/\{(\w+)\}/g, (_, name: string) => values[name]!);
          const at = `${filled}?${new URLSearchParams(Object.entries(parameters).map(([k, v]) => [k, v.replace(/\p{Surrogate}/gu, '')]))}`;
          const before = method === 'GET' ? null : await state();
          const reply = await context.api.call(at, {
            method,
            key: project.rw,
            headers: { Authorization: `Bearer ${project.ro}`, 'X-Metrics-Key': 'metrics key' },
            ...(method === 'GET' ? {} : { body: given }),
          });
          seen.set(operation.operationId, (seen.get(operation.operationId) ?? new Set()).add(reply.status));
          if (before !== null && reply.status >= 400) expect(await state()).toBe(before);
          // These say 503 here: no ingester runs.
          if (!path.endsWith('/status/') && path !== '/health') expect(reply.status).toBeLessThan(500);
          if (version === 3) expectDescribed(reply, operation, document);
        }),
        // The same runs each time: that each operation succeeds once, below, must not be a matter of luck.
        { numRuns: 20, seed: 20, examples: [[{}, {}, 3]] },
      );
    }
    // What came through to the operation itself, not only to its refusals.
    const never = [...seen].filter(([, statuses]) => ![...statuses].some((status) => status < 300));
    expect(never.map(([id]) => id)).toEqual(['getStatus', 'getHealth']);
  });

  test('any method and any parts of a path: never a 5xx', async () => {
    const paths = allEndpoints(context.api.deps).map((endpoint) => endpoint.path);
    const part = fc.constantFrom(CHECK, UNKNOWN_UUID, 'x', '1', '%00', '%ff', 'a'.repeat(40), '..', project.ro, 'db');
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...paths),
        fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'),
        fc.array(part, { minLength: 4, maxLength: 4 }),
        fc.webQueryParameters(),
        async (path, method, parts, query) => {
          let i = 0;
          const filled = path.replace('{version}', '3').replace(/\{\w+\}/g, () => parts[i++ % 4]!);
          const reply = await call(`${filled}?${query}`, method, ['GET', 'HEAD'].includes(method) ? undefined : {});
          if (!path.endsWith('/status/') && path !== '/health') expect(reply.status).toBeLessThan(500);
        },
      ),
      { numRuns: 400 },
    );
  });
});
