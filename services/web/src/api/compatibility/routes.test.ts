import { uniqueKey } from '@overdue/checks';
import { beforeAll, describe, expect, test } from 'vitest';
import { UNKNOWN_KEY, UNKNOWN_UUID, useTestApi, useTestProject } from './setup.ts';

const context = useTestApi();
const project = useTestProject(context);
let uuid: string;
beforeAll(async () => {
  uuid = (await context.api.call('/api/v3/checks/', { method: 'POST', key: project.rw, body: {} })).json.uuid;
});
const filled = (path: string) => path.replace('<uuid>', uuid).replace('<key>', uniqueKey(uuid));

const VERSIONS = ['v1', 'v2', 'v3'];
/** §1: path, its methods, which keys it takes, whether it needs no lookup. */
const KEYED: readonly [path: string, methods: string[]][] = [
  ['checks/', ['GET', 'POST']],
  ['checks/<uuid>', ['GET', 'POST', 'DELETE']],
  ['checks/<key>', ['GET']],
  ['checks/<uuid>/pause', ['POST']],
  ['checks/<uuid>/resume', ['POST']],
  ['checks/<uuid>/pings/', ['GET']],
  ['checks/<uuid>/pings/1/body', ['GET']],
  ['checks/<uuid>/flips/', ['GET']],
  ['checks/<key>/flips/', ['GET']],
  ['channels/', ['GET']],
  ['badges/', ['GET']],
];
const ALL_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

describe('methods (M-6, M-7, M-34): 405 without a key, empty, with CORS, no Allow', () => {
  const cases = VERSIONS.flatMap((version) =>
    KEYED.flatMap(([path, methods]) =>
      ALL_METHODS.filter((method) => !methods.includes(method) && !isOurAddition(path, method)).map(
        (method) => [method, `/api/${version}/${path}`] as const,
      ),
    ),
  );
  test.each(cases)('%s %s', async (method, path) => {
    const reply = await context.api.call(filled(path), { method });
    expect(reply.status).toBe(405);
    expect(reply.text).toBe('');
    expect(reply.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(reply.headers.get('access-control-allow-origin')).toBe('*');
    expect(reply.headers.has('allow')).toBe(false);
  });
});

/** POST channels/ makes one (issue 5, part 5). */
function isOurAddition(path: string, method: string): boolean {
  return path === 'channels/' && method === 'POST';
}

test('OPTIONS of the status (§11.1): as GET', async () => {
  const reply = await context.api.call('/api/v1/status/', { method: 'OPTIONS' });
  const get = await context.api.call('/api/v1/status/');
  expect([reply.status, reply.text]).toEqual([get.status, get.text]);
  expect(reply.text).not.toBe('');
});

describe('OPTIONS (M-4, M-5): 204 without key or lookup', () => {
  const cases = VERSIONS.flatMap((version) =>
    KEYED.map(([path, methods]) => [`/api/${version}/${path}`, methods] as const),
  );
  test.each(cases)('%s', async (path, methods) => {
    const unknown = path.replace('<uuid>', UNKNOWN_UUID).replace('<key>', UNKNOWN_KEY);
    const reply = await context.api.call(unknown, { method: 'OPTIONS' });
    expect(reply.status).toBe(204);
    expect(reply.text).toBe('');
    expect(reply.headers.get('content-type')).toBeNull();
    expect(reply.headers.get('access-control-allow-headers')).toBe('X-Api-Key');
    expect(reply.headers.get('access-control-max-age')).toBe('600');
    const allowed = reply.headers.get('access-control-allow-methods')!.split(', ');
    expect(allowed).toEqual(expect.arrayContaining([...methods, 'OPTIONS']));
  });
});

describe('keys (M-15, M-16, §15)', () => {
  const cases = KEYED.flatMap(([path, methods]) => methods.map((method) => [method, `/api/v3/${path}`] as const));
  const READ_ONLY = ['GET checks/', 'GET checks/<uuid>', 'GET checks/<key>', 'GET badges/'];
  const allowsReadOnly = (method: string, path: string) =>
    READ_ONLY.includes(`${method} ${path.slice('/api/v3/'.length)}`) || path.endsWith('/flips/');

  test.each(cases)('%s %s without key: 401 missing', async (method, path) => {
    const reply = await context.api.call(filled(path), { method });
    expect([reply.status, reply.text]).toEqual([401, '{"error": "missing api key"}']);
    expect(reply.headers.get('content-type')).toBe('application/json');
    expect(reply.headers.get('access-control-allow-origin')).toBe('*');
  });
  test.each(cases)('%s %s with an unknown key: 401 wrong', async (method, path) => {
    const reply = await context.api.call(filled(path), { method, key: `hcw_${'x'.repeat(28)}` });
    expect([reply.status, reply.text]).toEqual([401, '{"error": "wrong api key"}']);
  });
  test.each(cases)('%s %s with the read-only key (M-18)', async (method, path) => {
    const reply = await context.api.call(filled(path), { method, key: project.ro });
    if (allowsReadOnly(method, path)) expect(reply.status).toBe(200);
    else expect([reply.status, reply.text]).toEqual([401, '{"error": "wrong api key"}']);
  });
});

test('no paging, caching or limiting (M-10), no cookies (M-11)', async () => {
  const mine = await context.api.project();
  await context.database.sql`insert into checks (project_id) select ${mine.id} from generate_series(1, 250)`;
  for (const path of ['checks/', 'checks/?page=2&limit=10', 'channels/', 'badges/']) {
    const reply = await context.api.call(`/api/v3/${path}`, { key: mine.rw });
    expect(reply.status).toBe(200);
    for (const header of ['etag', 'link', 'last-modified', 'retry-after', 'ratelimit', 'set-cookie']) {
      expect([header, reply.headers.get(header)]).toEqual([header, null]);
    }
    if (path.startsWith('checks/')) expect(reply.json.checks).toHaveLength(250);
  }
  const made = await context.api.call('/api/v3/checks/', { method: 'POST', key: mine.rw, headers: { Cookie: 'x=y' } });
  expect([made.status, made.headers.get('set-cookie')]).toEqual([201, null]);
});

describe('slashes (M-2)', () => {
  const MISSING = ['checks', 'checks/<uuid>/pings', 'checks/<uuid>/flips', 'checks/<key>/flips', 'channels', 'badges'];
  const cases = [...MISSING, 'status', 'metrics', 'bounces'].flatMap((path) =>
    ['GET', 'POST', 'DELETE', 'OPTIONS'].map((method) => [method, `/api/v2/${path}`] as const),
  );
  test.each(cases)('%s %s: 301 to the slashed path', async (method, path) => {
    const reply = await context.api.call(`${filled(path)}?a=b&c=%20`, { method });
    expect(reply.status).toBe(301);
    expect(reply.headers.get('location')).toBe(`${filled(path)}/?a=b&c=%20`);
    expect(reply.headers.has('access-control-allow-origin')).toBe(false);
  });
  test.each([
    'checks/<uuid>/',
    'checks/<key>/',
    'checks/<uuid>/pause/',
    'checks/<uuid>/resume/',
    'checks/<uuid>/pings/1/body/',
    'notifications/<uuid>/status/',
    'checks//',
  ])('%s: 404 page', async (path) => {
    for (const method of ['GET', 'POST']) {
      const reply = await context.api.call(filled(`/api/v3/${path}`), { method, key: project.rw });
      expect(reply.status).toBe(404);
      expect(reply.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(reply.text).toContain('<html');
    }
  });
  test('a host cannot be smuggled into the redirect', async () => {
    const reply = await context.api.call('//evil.example/api/v3/checks');
    expect(reply.status).toBe(404);
  });
});

describe('paths that lead nowhere (M-1, M-3): 404 page', () => {
  test.each([
    '/api/v4/checks/',
    '/api',
    '/badge',
    '/b',
    '/api/v0/checks/',
    '/api/v33/checks/',
    '/api/v3/',
    '/api/v3/nothing/',
    '/api/',
    '/API/v3/checks/',
    '/api/V3/checks/',
    '/api/v3/Checks/',
    '/api/v3/checks/<UUID>',
    '/api/v3/checks/<uuid without hyphens>',
    '/api/v3/checks/<uuid>x',
    '/api/v3/checks/<uuid>/pings/x/body',
    '/api/v3/checks/<uuid>/pings/-1/body',
    '/api/v3/checks/<uuid>/pings/٣/body',
    '/api/v3/checks/<key>/pings/',
    '/api/v3/checks/<key>/pause',
    '/api/v3/checks/%00',
    '/api/v3/checks/%',
    '/api/v3/checks/%ff',
    '/api/v3/channels/x/y',
    '/api/v3/notifications/NOT-A-UUID/status',
  ])('%s', async (template) => {
    const path = filled(template)
      .replace('<UUID>', uuid.toUpperCase())
      .replace('<uuid without hyphens>', uuid.replaceAll('-', ''));
    const reply = await context.api.call(path, { key: project.rw });
    expect(reply.status).toBe(404);
  });
});

describe('unknown checks (§2, M-33)', () => {
  test.each([
    ['GET', 'checks/<uuid>'],
    ['POST', 'checks/<uuid>'],
    ['DELETE', 'checks/<uuid>'],
    ['POST', 'checks/<uuid>/pause'],
    ['POST', 'checks/<uuid>/resume'],
    ['GET', 'checks/<uuid>/pings/'],
    ['GET', 'checks/<uuid>/pings/1/body'],
    ['GET', 'checks/<uuid>/flips/'],
  ])('%s %s: 404 page for an unknown UUID, 403 empty for that of another project', async (method, path) => {
    const unknown = await context.api.call(`/api/v3/${path.replace('<uuid>', UNKNOWN_UUID)}`, {
      method,
      key: project.rw,
    });
    expect(unknown.status).toBe(404);
    expect(unknown.text).toContain('<html');
    const stranger = await context.api.project();
    const foreign = await context.api.call(filled(`/api/v3/${path}`), { method, key: stranger.rw });
    expect([foreign.status, foreign.text]).toEqual([403, '']);
    expect(foreign.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(foreign.headers.get('access-control-allow-origin')).toBe('*');
  });
  test.each(['checks/<key>', 'checks/<key>/flips/'])('GET %s: 404 empty, with CORS', async (path) => {
    const stranger = await context.api.project();
    const SPECIAL = encodeURIComponent('[\\]^_`'.padEnd(40, 'z'));
    for (const [key, uniqueKeyText] of [
      [project.rw, UNKNOWN_KEY],
      [stranger.ro, uniqueKey(uuid)],
      [project.ro, `A${uniqueKey(uuid).slice(1).toUpperCase()}`],
      [project.ro, SPECIAL],
    ] as const) {
      const reply = await context.api.call(`/api/v3/${path.replace('<key>', uniqueKeyText)}`, { key });
      expect([reply.status, reply.text]).toEqual([404, '']);
      expect(reply.headers.get('access-control-allow-origin')).toBe('*');
    }
  });
});

describe('keys in bodies and headers (M-13…M-19)', () => {
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    context.api.call('/api/v3/checks/', { method: 'POST', body, headers });
  test('a body may carry the key on rw endpoints (M-14)', async () => {
    expect((await post({ api_key: project.rw })).status).toBe(201);
    const path = `/api/v3/checks/${uuid}`;
    const { call } = context.api;
    expect((await call(path, { method: 'POST', body: { api_key: project.rw } })).status).toBe(200);
    expect((await call(`${path}/pause`, { method: 'POST', body: { api_key: project.rw } })).status).toBe(200);
    expect((await call(`${path}/resume`, { method: 'POST', body: { api_key: project.rw } })).status).toBe(200);
  });
  test('a read-only key in the body is wrong', async () => {
    expect((await post({ api_key: project.ro })).text).toBe('{"error": "wrong api key"}');
  });
  test.each(['', 'wrong', 'x'.repeat(32)])('a header, even %j, is the only word', async (header) => {
    const reply = await post({ api_key: project.rw }, { 'X-Api-Key': header });
    expect(reply.status).toBe(401);
  });
  test.each([
    ['a number', 12345],
    ['null', null],
    ['a list', ['x']],
    ['an object', { a: 1 }],
    ['true', true],
    ['a float', 1.5],
    ['a short key', 'abc'],
  ])('M-14: api_key that is %s: 401 missing', async (_, api_key) => {
    expect((await post({ api_key })).text).toBe('{"error": "missing api key"}');
  });
  test('a number of 32 digits is a wrong key (M-14)', async () => {
    // The digits of an integer are its text.
    expect((await post('{"api_key": 12345678901234567890123456789012}')).text).toBe('{"error": "wrong api key"}');
    expect((await post('{"api_key": 1234567890123456789012345678901}')).text).toBe('{"error": "missing api key"}');
    expect((await post(`{"api_key": ${'9'.repeat(33)}}`)).text).toBe('{"error": "missing api key"}');
    expect((await post('{"api_key": 1234567890123456789012345678.012}')).text).toBe('{"error": "missing api key"}');
    // A list that holds the key is not the key.
    expect((await post({ api_key: [project.rw] })).text).toBe('{"error": "missing api key"}');
  });
  test('DELETE takes no key from the body, GET none from query or Authorization (M-14)', async () => {
    const { call } = context.api;
    const gone = await call(`/api/v3/checks/${uuid}`, { method: 'DELETE', body: { api_key: project.rw } });
    expect(gone.text).toBe('{"error": "missing api key"}');
    expect((await call(`/api/v3/checks/?api_key=${project.rw}`)).status).toBe(401);
    const bearer = { Authorization: `Bearer ${project.rw}` };
    expect((await call('/api/v3/checks/', { headers: bearer })).status).toBe(401);
  });
  test.each([
    ['upper case', (key: string) => key.toUpperCase()],
    ['prefix in upper case', (key: string) => key.replace('hcw_', 'HCW_')],
    ['rw key as ro', (key: string) => key.replace('hcw_', 'hcr_')],
    ['last character changed', (key: string) => key.slice(0, -1) + (key.endsWith('a') ? 'b' : 'a')],
  ])('M-17: %s: wrong', async (_, change) => {
    expect((await context.api.call('/api/v3/checks/', { key: change(project.rw) })).text).toBe(
      '{"error": "wrong api key"}',
    );
  });
  test.each([31, 33])('a key of %i characters is missing', async (length) => {
    const key = project.rw.padEnd(40, 'x').slice(0, length);
    expect((await context.api.call('/api/v3/checks/', { key })).text).toBe('{"error": "missing api key"}');
  });
  test('a revoked key stops at once', async () => {
    const mine = await context.api.project();
    expect((await context.api.call('/api/v3/checks/', { key: mine.rw })).status).toBe(200);
    await context.database.sql`delete from api_keys where project_id = ${mine.id} and kind = 'rw'`;
    expect((await context.api.call('/api/v3/checks/', { key: mine.rw })).status).toBe(401);
  });
});

describe('bodies (M-20, M-21)', () => {
  const bytes = (...values: number[]) => Uint8Array.from(values);
  test.each([
    ['a word', 'hello', 'could not parse request body'],
    ['a form', 'name=x&tags=y', 'could not parse request body'],
    ['a byte-order mark', '\ufeff{}', 'could not parse request body'],
    ['a trailing comma', '{"name": "x",}', 'could not parse request body'],
    ['a trailing comma in a list', '[1,]', 'could not parse request body'],
    ['single quotes', "{'name': 'x'}", 'could not parse request body'],
    ['a comment', '{} // x', 'could not parse request body'],
    ['two documents', '{}{}', 'could not parse request body'],
    ['blanks', '   ', 'could not parse request body'],
    ['a raw newline in a string', '{"name": "a\nb"}', 'could not parse request body'],
    ['a bad escape', '{"name": "\\x"}', 'could not parse request body'],
    ['leading zeros', '{"timeout": 060}', 'could not parse request body'],
    ['an open object', '{"a": 1', 'could not parse request body'],
    ['deep nesting', '['.repeat(100_000), 'could not parse request body'],
    ['not UTF-8', bytes(0x7b, 0xff, 0x7d), 'could not parse request body'],
    ['UTF-16', bytes(0x7b, 0, 0x7d, 0), 'could not parse request body'],
    ['a list', '[]', 'json validation error: value is not an object'],
    ['a number', '123', 'json validation error: value is not an object'],
    ['a float', '1.5', 'json validation error: value is not an object'],
    ['null', 'null', 'json validation error: value is not an object'],
    ['a string', '"x"', 'json validation error: value is not an object'],
    ['true', 'true', 'json validation error: value is not an object'],
    ['NaN', 'NaN', 'json validation error: value is not an object'],
    ['-Infinity', '-Infinity', 'json validation error: value is not an object'],
  ])('%s: 400, also without a key, also for pause and resume', async (_, body, text) => {
    for (const path of ['checks/', `checks/${uuid}`, `checks/${uuid}/pause`, `checks/${uuid}/resume`]) {
      for (const key of [null, project.rw]) {
        const reply = await context.api.call(`/api/v3/${path}`, { method: 'POST', key, body });
        expect([reply.status, reply.text]).toEqual([400, `{"error": "${text}"}`]);
      }
    }
  });
  test('empty is {}', async () => {
    const reply = await context.api.call('/api/v3/checks/', { method: 'POST', key: project.rw });
    expect(reply.status).toBe(201);
  });
  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'nonsense'])(
    'Content-Type %s is ignored',
    async (type) => {
      const reply = await context.api.call('/api/v3/checks/', {
        method: 'POST',
        key: project.rw,
        headers: { 'Content-Type': type },
        body: '{"name": "typed"}',
      });
      expect(reply.json.name).toBe('typed');
    },
  );
  test('of equal members the last wins, also __proto__ is only a name', async () => {
    const body = '{"name": "a", "__proto__": {"name": "z"}, "constructor": 1, "name": "b"}';
    const reply = await context.api.call('/api/v3/checks/', { method: 'POST', key: project.rw, body });
    expect([reply.status, reply.json.name]).toEqual([201, 'b']);
  });
  test('more than 10 000 values: 400', async () => {
    const send = (body: string) => context.api.call('/api/v3/checks/', { method: 'POST', key: project.rw, body });
    const many = await send(`{"a": [${'{},'.repeat(10_000)}{}]}`);
    expect([many.status, many.json]).toEqual([400, { error: 'request body has too many values' }]);
    expect((await send(`{"a": [${'{},'.repeat(9_997)}{}]}`)).status).toBe(201);
  });
  test('more than 2 621 440 bytes: 400', async () => {
    const body = `{"desc": "${'x'.repeat(2_621_440)}"}`;
    const reply = await context.api.call('/api/v3/checks/', { method: 'POST', key: project.rw, body });
    expect(reply.status).toBe(400);
  });
  test('more than that without a Content-Length: 400, and the connection lives until it is read', async () => {
    const piece = new TextEncoder().encode('x'.repeat(300_000));
    let left = 12;
    const body = new ReadableStream({
      pull: (controller) => (left-- > 0 ? controller.enqueue(piece) : controller.close()),
    });
    const init = { method: 'POST', headers: { 'X-Api-Key': project.rw }, body, duplex: 'half' };
    const reply = await fetch(`${context.api.url}/api/v3/checks/`, init as RequestInit);
    expect([reply.status, await reply.json()]).toEqual([400, { error: 'request body is too large' }]);
  });
  test('just under is stored', async () => {
    const desc = 'x'.repeat(2_600_000);
    const reply = await context.api.call('/api/v3/checks/', { method: 'POST', key: project.rw, body: { desc } });
    expect([reply.status, reply.json.desc.length]).toEqual([201, desc.length]);
  });
});
