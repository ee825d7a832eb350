import { beforeAll, expect, test } from 'vitest';
import { UNKNOWN_UUID, useTestApi } from '../compatibility/setup.ts';
import { addChannel, NOW, type TestProject } from '../testing.ts';

const context = useTestApi();
let project: TestProject;
beforeAll(async () => {
  project = await context.api.project();
});
const call = (path = '', method = 'GET', body?: unknown, key = project.rw) =>
  context.api.call(`/api/applications${path}`, { method, key, ...(body === undefined ? {} : { body }) });

test('an application from its making to its end', async () => {
  const channel = await addChannel(context.database, project.id);
  const created = await call('', 'POST', { name: 'backup', expected_interval: 600, grace_period: 120 });
  expect(created.status).toBe(201);
  const { id, uuid } = created.json;
  expect(created.json).toEqual({
    id: expect.any(Number),
    name: 'backup',
    uuid: expect.stringMatching(/^[0-9a-f-]{36}$/),
    expected_interval: 600,
    grace_period: 120,
    is_active: true,
    status: 'new',
    last_heartbeat: null,
    created_at: '2026-11-21T12:00:00+00:00',
  });
  const check = (await context.api.call(`/api/v3/checks/${uuid}`, { key: project.rw })).json;
  expect(check).toMatchObject({ name: 'backup', timeout: 600, grace: 120, channels: channel });

  expect((await call(`/${id}`)).json).toEqual(created.json);
  expect((await call(`/${uuid}`)).json).toEqual(created.json);
  expect((await call()).json).toEqual([created.json]);

  const changed = await call(`/${id}`, 'PUT', { name: 'dump', expected_interval: 900, is_active: false });
  expect(changed.json).toMatchObject({
    name: 'dump',
    expected_interval: 900,
    grace_period: 120,
    is_active: false,
    status: 'paused',
  });
  expect((await call(`/${id}`, 'PUT', { is_active: true })).json).toMatchObject({ is_active: true, status: 'new' });
  expect((await call(`/${id}`, 'PUT', {})).json).toMatchObject({ name: 'dump', is_active: true });

  await context.database.sql`
    insert into pings (check_id, n, id, created_at, kind, scheme, method, remote_addr, ua)
    select ${id}, n, gen_random_uuid(), ${NOW}::timestamptz + n * interval '1 second', 'success', 'http', 'POST',
           '192.0.2.' || n, 'agent ' || n from generate_series(1, 5) n`;
  const heartbeats = async (query: string) =>
    (await call(`/${id}/heartbeats${query}`)).json.map((h: { user_agent: string }) => h.user_agent.slice(6)).join('');
  expect(await heartbeats('')).toBe('54321');
  expect(await heartbeats('?limit=2')).toBe('54');
  expect(await heartbeats('?limit=2&offset=2')).toBe('32');
  expect(await heartbeats('?offset=9')).toBe('');
  expect((await call(`/${id}/heartbeats?limit=1`)).json).toEqual([
    { timestamp: '2026-11-21T12:00:05.250000+00:00', source_ip: '192.0.2.5', user_agent: 'agent 5' },
  ]);
  for (const query of ['limit=0', 'limit=1001', 'limit=x', 'offset=-1', 'offset=1.5', 'offset=1000000000', 'offset=']) {
    const { status, json } = await call(`/${id}/heartbeats?${query}`);
    const range = query.startsWith('limit')
      ? 'limit is not a number of 1 to 1000'
      : 'offset is not a number of 0 to 999999999';
    expect([query, status, json]).toEqual([query, 400, { error: range }]);
  }
  // The log holds 100: rows beyond that are gone for readers before they are deleted.
  await context.database.sql`update checks set n_pings = 103 where id = ${id}`;
  expect(await heartbeats('')).toBe('54');

  const gone = await call(`/${id}`, 'DELETE');
  expect([gone.status, gone.text]).toEqual([204, '']);
  expect((await call(`/${id}`)).status).toBe(404);
  expect(await context.database.sql`select 1 from pings where check_id = ${id}`).toHaveLength(0);
});

test('made inactive: paused, with its flip', async () => {
  const { json } = await call('', 'POST', { name: 'off', is_active: false });
  expect(json).toMatchObject({ status: 'paused', is_active: false, expected_interval: 86400, grace_period: 3600 });
  expect(await context.database.sql`select new_status from flips where check_id = ${json.id}`).toEqual([
    { new_status: 'paused' },
  ]);
});

test('one with a schedule can be sent back as it was read', async () => {
  const { json } = await call('', 'POST', { name: 'nightly' });
  await context.database.sql`update checks set kind = 'cron', schedule = '0 3 * * *' where id = ${json.id}`;
  const read = (await call(`/${json.id}`)).json;
  expect(read.expected_interval).toBeNull();
  const written = await call(`/${json.id}`, 'PUT', read);
  expect([written.status, written.json]).toEqual([200, read]);
});

test('an unnamed one can be sent back as it was read, but no name can be taken away', async () => {
  for (const name of ['', '  ']) {
    const { uuid } = (await context.api.call('/api/v3/checks/', { method: 'POST', key: project.rw, body: {} })).json;
    await context.database.sql`update checks set name = ${name} where code = ${uuid}`;
    const read = (await call(`/${uuid}`)).json;
    expect(read.name).toBe(name);
    const written = await call(`/${uuid}`, 'PUT', read);
    expect([written.status, written.json]).toEqual([200, read]);
    expect((await call(`/${uuid}`, 'PUT', { name: '   ' })).json).toEqual({ error: 'name is empty' });
    expect((await call(`/${uuid}`, 'PUT', { name: 'x' })).json.name).toBe('x');
    expect((await call(`/${uuid}`, 'PUT', { name })).json).toEqual({ error: 'name is empty' });
  }
});

test.each<[unknown, string]>([
  [{}, 'name is not a string'],
  [{ name: 1 }, 'name is not a string'],
  [{ name: '' }, 'name is empty'],
  [{ name: ' \t' }, 'name is empty'],
  [{ name: 'x'.repeat(101) }, 'name is too long'],
  [{ name: 'a\0' }, 'name is not a string'],
  [{ name: 'x', expected_interval: 59 }, 'expected_interval is too small'],
  [{ name: 'x', expected_interval: '600' }, 'expected_interval is not a number'],
  [{ name: 'x', grace_period: 31536001 }, 'grace_period is too large'],
  [{ name: 'x', is_active: 1 }, 'is_active is not a boolean'],
])('%j: 400 %s', async (body, error) => {
  const reply = await call('', 'POST', body);
  expect([reply.status, reply.json]).toEqual([400, { error }]);
  if (Object.keys(body as object).length === 0) return;
  const { json } = await call('', 'POST', { name: 'as it was' });
  const update = await call(`/${json.id}`, 'PUT', { is_active: false, ...(body as object) });
  expect([update.status, update.json]).toEqual([400, { error }]);
  expect((await call(`/${json.id}`)).json).toEqual(json);
});

test.each([
  '/x',
  '/',
  '/-1',
  '/1.5',
  '/1/',
  '/1/other',
  '/x/heartbeats',
  `/${UNKNOWN_UUID.toUpperCase()}`,
  '/%00',
  '/%ff',
])('applications%s: nothing is there, said as JSON', async (path) => {
  for (const method of ['GET', 'PUT', 'DELETE']) {
    const reply = await call(path, method);
    expect([reply.status, reply.headers.get('content-type')]).toEqual([404, 'application/json']);
    expect(reply.json).toEqual({ error: 'application not found' });
  }
});

test('the key in the body, as in the rest of the API', async () => {
  const made = await context.api.call('/api/applications', {
    method: 'POST',
    body: { name: 'b', api_key: project.rw },
  });
  expect(made.status).toBe(201);
  const put = (api_key: unknown) =>
    context.api.call(`/api/applications/${made.json.id}`, { method: 'PUT', body: { name: 'c', api_key } });
  expect((await put(project.rw)).json.name).toBe('c');
  for (const [key, error] of [
    [project.ro, 'wrong api key'],
    [1, 'missing api key'],
    [undefined, 'missing api key'],
  ]) {
    const reply = await put(key);
    expect([reply.status, reply.json]).toEqual([401, { error }]);
  }
});

test('keys, limits and other projects', async () => {
  const foreign = await context.api.project({ checkLimit: 1 });
  const { json } = await call('', 'POST', { name: 'theirs' }, foreign.rw);
  const limited = await call('', 'POST', { name: 'too many' }, foreign.rw);
  expect([limited.status, typeof limited.json.error]).toEqual([403, 'string']);
  for (const id of [json.id, json.uuid, 999_999, '9'.repeat(30)]) {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const reply = await call(`/${id}`, method);
      expect([reply.status, reply.json]).toEqual([404, { error: 'application not found' }]);
    }
    expect((await call(`/${id}/heartbeats`)).status).toBe(404);
  }
  for (const path of ['', `/${json.id}`, `/${json.id}/heartbeats`]) {
    expect((await context.api.call(`/api/applications${path}`)).status).toBe(401);
    expect((await call(path, 'GET', undefined, foreign.ro)).status).toBe(401); // a UUID is a ping address
  }
  expect((await call(`/${json.id}`, 'GET', undefined, foreign.rw)).status).toBe(200);
});

test('health', async () => {
  const reply = await context.api.call('/health');
  expect(reply.status).toBe(503);
  expect(reply.json.status).toBe('unhealthy');
  await context.database.sql`
    insert into instances (id, service, host, pid, started_at)
    values (gen_random_uuid(), 'ingester', 'h', 1, now()), (gen_random_uuid(), 'sendalerts', 'h', 1, now())`;
  expect((await context.api.call('/health')).text).toBe('{"status": "healthy"}');
});
