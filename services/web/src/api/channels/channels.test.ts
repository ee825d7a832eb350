import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UNKNOWN_UUID, useTestApi } from '../compatibility/setup.ts';
import { addChannel, type TestProject } from '../testing.ts';

const context = useTestApi({
  EMAIL_USE_VERIFICATION: 'True',
  SHELL_ENABLED: 'False',
  INTEGRATIONS_ALLOW_PRIVATE_IPS: 'True',
});
let project: TestProject;
beforeAll(async () => {
  project = await context.api.project();
});
const call = (path: string, method = 'GET', body?: unknown, key = project.rw) =>
  context.api.call(`/api/v3/channels/${path}`, { method, key, ...(body === undefined ? {} : { body }) });
const WEBHOOK = {
  url_down: 'https://hooks.example.org/secret-part?token=t0ken',
  method_down: 'POST',
  body_down: '$NAME',
};

test('create, read, change, remove; nothing secret is ever shown', async () => {
  const mine = await context.api.project();
  const check = async (name: string) =>
    (await context.api.call('/api/v3/checks/', { method: 'POST', key: mine.rw, body: { name } })).json.uuid;
  const [a, b] = [await check('a'), await check('b')];

  const created = await call('', 'POST', { kind: 'webhook', name: 'Hook', settings: WEBHOOK }, mine.rw);
  expect(created.status).toBe(201);
  expect(created.json).toMatchObject({
    kind: 'webhook',
    name: 'Hook',
    disabled: false,
    verified: true,
    notify_down: true,
    notify_up: false,
    last_error: '',
    checks: [a, b],
  });
  const path = created.json.id;
  expect((await call(path, 'GET', undefined, mine.rw)).json).toEqual(created.json);
  expect((await call('', 'GET', undefined, mine.rw)).json).toEqual({
    channels: [{ id: path, name: 'Hook', kind: 'webhook' }],
  });

  await context.database.sql`update channels set disabled = true, last_error = 'x' where code = ${path}`;
  const changed = await call(
    path,
    'POST',
    { name: 'New', settings: { url_up: 'https://hooks.example.org/up' }, checks: [b] },
    mine.rw,
  );
  expect(changed.status).toBe(200);
  expect(changed.json).toMatchObject({ name: 'New', notify_up: true, disabled: false, last_error: '', checks: [b] });
  const [row] = await context.database.sql`select value from channels where code = ${path}`;
  expect(row!.value).toMatchObject({ ...WEBHOOK, url_up: 'https://hooks.example.org/up' });

  expect((await call(path, 'POST', { checks: '*' }, mine.rw)).json.checks).toEqual([a, b]);
  expect((await call(path, 'POST', { checks: [] }, mine.rw)).json.checks).toEqual([]);
  expect((await call(path, 'POST', { disabled: true }, mine.rw)).json.disabled).toBe(true);
  expect((await call(path, 'POST', {}, mine.rw)).json.disabled).toBe(true);
  const removed = await call(path, 'DELETE', undefined, mine.rw);
  expect([removed.status, removed.json.name]).toEqual([200, 'New']);
  expect((await call(path, 'GET', undefined, mine.rw)).status).toBe(404);
  for (const reply of [created, changed, removed]) expect(reply.text).not.toMatch(/secret-part|t0ken|\$NAME/);
});

describe('refusals: 400, nothing is made', () => {
  test.each<[Record<string, unknown>, string]>([
    [{}, 'kind is not a string'],
    [{ kind: 1 }, 'kind is not a string'],
    [{ kind: 'nothing', settings: {} }, 'kind has unexpected value'],
    [{ kind: 'webhook' }, 'settings is not an object'],
    [{ kind: 'webhook', settings: [] }, 'settings is not an object'],
    ...[null, 1.5, [], { a: 1 }].map((url_down): [Record<string, unknown>, string] => [
      { kind: 'webhook', settings: { url_down } },
      'settings.url_down is neither text nor a number nor a boolean nor an object of texts',
    ]),
    [{ kind: 'slack', settings: { value: 5 } }, 'settings.value is not a string'],
    [{ kind: 'slack', settings: { value: true } }, 'settings.value is not a string'],
    [{ kind: 'slack', settings: { value: { a: 'b' } } }, 'settings.value is not a string'],
    [{ kind: 'webhook', settings: { ...WEBHOOK, method_down: 1 } }, 'settings.method_down is not a string'],
    [
      { kind: 'webhook', settings: { ...WEBHOOK, method_down: 'PATCH' } },
      'settings.method_down: Select a valid choice.',
    ],
    [
      { kind: 'webhook', settings: { ...WEBHOOK, headers_down: true } },
      'settings.headers_down is neither a string nor an object',
    ],
    [
      { kind: 'webhook', settings: { ...WEBHOOK, headers_down: { 'A: 1\nB': 'x' } } },
      'settings.headers_down has a colon or line break where none may be, in "A: 1\\nB"',
    ],
    [
      { kind: 'webhook', settings: { ...WEBHOOK, headers_down: { A: 'x\r\nB: y' } } },
      'settings.headers_down has a colon or line break where none may be, in "A"',
    ],
    [
      { kind: 'webhook', settings: { ...WEBHOOK, headers_down: { 'not a name': 'x' } } },
      'settings.headers_down: This is not a header name: not a name',
    ],
    [{ kind: 'email', settings: { value: 'a@example.org', down: 'true' } }, 'settings.down is not a boolean'],
    [{ kind: 'email', settings: { value: 'a@example.org', down: 1 } }, 'settings.down is not a boolean'],
    [{ kind: 'webhook', settings: {} }, 'settings.url_down: Enter a valid URL.'],
    [{ kind: 'webhook', settings: { url_down: 'not a url' } }, 'settings.url_down: Enter a valid URL.'],
    [{ kind: 'webhook', settings: { url_down: 'https://x\0' } }, 'settings.url_down is not a string'],
    [{ kind: 'webhook', settings: { url: 'https://x' } }, 'settings.url is not a setting of kind webhook'],
    [{ kind: 'email', settings: { value: 'nobody' } }, 'settings.value: Enter a valid email address.'],
    [
      { kind: 'email', settings: { value: 'a@example.org', up: false, down: false } },
      'settings.down: Please select at least one.',
    ],
    [{ kind: 'webhook', name: 'x'.repeat(101), settings: WEBHOOK }, 'name is too long'],
    [{ kind: 'webhook', name: 'a\0', settings: WEBHOOK }, 'name is not a string'],
    [{ kind: 'webhook', settings: WEBHOOK, checks: 'x' }, 'checks is neither "*" nor a list of UUIDs'],
    [{ kind: 'webhook', settings: WEBHOOK, checks: ['x'] }, 'checks is neither "*" nor a list of UUIDs'],
  ])('%j: %s', async (body, error) => {
    const reply = await call('', 'POST', body);
    expect([reply.status, reply.json]).toEqual([400, { error: `json validation error: ${error}` }]);
    expect((await call('')).json.channels).toEqual([]);
  });
});

test.each([
  ['email', { value: 'a@example.org' }, { notify_down: true, notify_up: true }],
  ['email', { value: 'a@example.org', up: false }, { notify_down: true, notify_up: false }],
  ['ntfy', { topic: 'ops' }, { summary: 'ops on ntfy.sh' }],
])('settings that are left out are as in a new form: %s %j', async (kind, settings, expected) => {
  expect((await call('', 'POST', { kind, settings })).json).toMatchObject(expected);
});

describe('e-mail', () => {
  test("the owner's own address is verified at once, others have to confirm", async () => {
    const [owner] = await context.database.sql`select email from users where id = ${project.ownerId}`;
    const own = await call('', 'POST', { kind: 'email', settings: { value: owner!.email, up: false, down: true } });
    expect(own.json).toMatchObject({ verified: true, notify_up: false, notify_down: true });
    const other = await call('', 'POST', {
      kind: 'email',
      settings: { value: 'other@example.com', up: true, down: true },
    });
    expect(other.json).toMatchObject({ verified: false, notify_up: true });
    // Changing what is told keeps the confirmation; another address loses it.
    expect((await call(own.json.id, 'POST', { settings: { up: true } })).json).toMatchObject({
      verified: true,
      notify_up: true,
    });
    expect((await call(own.json.id, 'POST', { settings: { value: 'other@example.com' } })).json.verified).toBe(false);
  });
});

describe('switched on again', () => {
  const email = async (value: string) => {
    const { id } = (await call('', 'POST', { kind: 'email', settings: { value, up: true, down: true } })).json;
    await context.database.sql`update channels set email_verified = true, disabled = true where code = ${id}`;
    return id as string;
  };
  test('an address whose owner may have unsubscribed has to be confirmed anew', async () => {
    const id = await email('other@example.com');
    const state = { disabled: true, verified: true };
    expect((await call(id, 'POST', { name: 'still off' })).json).toMatchObject(state);
    expect((await call(id, 'POST', { settings: { up: false }, disabled: true })).json).toMatchObject(state);
    expect((await call(id, 'POST', { disabled: false })).json).toMatchObject({ disabled: false, verified: false });
    await context.database.sql`update channels set email_verified = true where code = ${id}`;
    // It is on: to say so once more asks nobody.
    expect((await call(id, 'POST', { disabled: false })).json).toMatchObject({ disabled: false, verified: true });
    await call(id, 'POST', { disabled: true });
    expect((await call(id, 'POST', { settings: {} })).json).toMatchObject({ disabled: false, verified: false });
  });
  test("the owner's own does not", async () => {
    const [owner] = await context.database.sql`select email from users where id = ${project.ownerId}`;
    const id = await email(owner!.email);
    expect((await call(id, 'POST', { disabled: false })).json).toMatchObject({ disabled: false, verified: true });
  });
});

describe('isolation', () => {
  test('a channel of another project is not there', async () => {
    const foreign = await context.api.project();
    const code = await addChannel(context.database, foreign.id, { name: 'theirs' });
    for (const [path, method] of [
      [code, 'GET'],
      [code, 'POST'],
      [code, 'DELETE'],
      [`${code}/test`, 'POST'],
    ] as const) {
      const reply = await call(path, method);
      expect([reply.status, reply.text]).toEqual([404, '']);
      for (const key of [project.ro, foreign.ro]) expect((await call(path, method, undefined, key)).status).toBe(401);
    }
    expect(await context.database.sql`select name from channels where code = ${code}`).toEqual([{ name: 'theirs' }]);
  });
  test.each(['unknown', 'of another project'])(
    'checks that are %s cannot be assigned, and nothing is done',
    async (which) => {
      const foreign = await context.api.project();
      const make = async (key: string) =>
        (await context.api.call('/api/v3/checks/', { method: 'POST', key, body: {} })).json.uuid as string;
      const [own, bad] = [await make(project.rw), which === 'unknown' ? UNKNOWN_UUID : await make(foreign.rw)];
      const refusal = [400, { error: `invalid check identifier: ${bad}` }];

      const before = (await call('')).text;
      const made = await call('', 'POST', { kind: 'webhook', settings: WEBHOOK, checks: [own, bad] });
      expect([made.status, made.json]).toEqual(refusal);
      expect((await call('')).text).toBe(before);

      const { json } = await call('', 'POST', { kind: 'webhook', settings: WEBHOOK, checks: [own.toUpperCase(), own] });
      expect(json.checks).toEqual([own]);
      const changed = await call(json.id, 'POST', { name: 'new', checks: [bad] });
      expect([changed.status, changed.json]).toEqual(refusal);
      expect((await call(json.id)).json).toEqual(json);
      await call(json.id, 'DELETE');
    },
  );
});

test('headers as an object, or as lines', async () => {
  const headers = { 'X-One': '1', Authorization: 'Bearer a: b' };
  const made = await call('', 'POST', { kind: 'webhook', settings: { ...WEBHOOK, headers_down: headers } });
  expect(made.status).toBe(201);
  const stored = async () =>
    (await context.database.sql`select value from channels where code = ${made.json.id}`)[0]!.value;
  expect((await stored()).headers_down).toEqual(headers);
  expect((await call(made.json.id, 'POST', { settings: { headers_up: 'X-Up: 1\nX-Two: 2' } })).status).toBe(200);
  expect(await stored()).toMatchObject({ headers_down: headers, headers_up: { 'X-Up': '1', 'X-Two': '2' } });
  expect((await call(made.json.id, 'POST', { settings: { headers_down: {} } })).status).toBe(200);
  expect((await stored()).headers_down).toEqual({});
});

test('the kind cannot be changed; to repeat it is fine', async () => {
  const { json } = await call('', 'POST', { kind: 'webhook', settings: WEBHOOK });
  for (const kind of ['slack', 'nothing', '']) {
    const reply = await call(json.id, 'POST', { kind, name: 'other' });
    expect([reply.status, reply.json]).toEqual([400, { error: 'json validation error: kind cannot be changed' }]);
  }
  expect((await call(json.id)).json).toEqual(json);
  expect((await call(json.id, 'POST', { kind: 'webhook', name: 'other' })).json.name).toBe('other');
});

describe('test messages', () => {
  let receiver: Server;
  let url: string;
  let answer = 200;
  const received: string[] = [];
  beforeAll(async () => {
    receiver = createServer((request, response) => {
      received.push(`${request.method} ${request.url}`);
      response.writeHead(answer).end();
    });
    receiver.listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  });
  afterAll(() => void receiver.close());

  test('sent, refused, and sent again: the answer says which, and so does the integration', async () => {
    const { json } = await call('', 'POST', {
      kind: 'webhook',
      settings: { url_down: `${url}/down`, method_down: 'POST' },
    });
    const send = async () => (await call(`${json.id}/test`, 'POST')).json;
    expect(await send()).toEqual({ status: 'sent', error: '' });
    answer = 404;
    expect(await send()).toEqual({ status: 'failed', error: 'Received status code 404' });
    expect((await call(json.id)).json.last_error).toBe('Received status code 404');
    answer = 200;
    expect(await send()).toEqual({ status: 'sent', error: '' });
    expect((await call(json.id)).json).toMatchObject({ last_error: '', last_notify: '2026-11-21T12:00:00+00:00' });
    expect(new Set(received)).toEqual(new Set(['POST /down']));
  });
});
