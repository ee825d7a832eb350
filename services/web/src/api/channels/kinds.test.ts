/** Every kind that can be set up without a browser, through the API and from a file. */
import { KINDS } from '@overdue/notifications';
import { applyConfig, channelKinds, exportConfig, printPlan } from '@overdue/operations';
import { beforeAll, describe, expect, test } from 'vitest';
import { TWILIO_ENV } from '../../testing.ts';
import { useTestApi } from '../compatibility/setup.ts';
import type { TestProject } from '../testing.ts';

const context = useTestApi({
  APPRISE_ENABLED: 'True',
  SHELL_ENABLED: 'True',
  TELEGRAM_TOKEN: 't',
  TELEGRAM_BOT_NAME: 'bot',
  ...TWILIO_ENV,
  MATRIX_HOMESERVER: 'https://matrix.test',
  MATRIX_USER_ID: '@bot:matrix.test',
  MATRIX_ACCESS_TOKEN: 'x',
  PUSHOVER_API_TOKEN: 'p',
  PUSHOVER_SUBSCRIPTION_URL: 'https://pushover.test/subscribe',
  SIGNAL_CLI_SOCKET: '/tmp/socket',
  TRELLO_APP_KEY: 'k',
});

type Settings = Readonly<Record<string, string | boolean | number | Readonly<Record<string, string>>>>;

const SECRET = 'zzsecretzz';
/** Not even how it begins may be shown. */
const HIDDEN = expect.not.stringContaining('zzse');
const URL_ = `https://hooks.example.org/${SECRET}`;

/** Settings as a form sends them; what holds {@link SECRET} is never shown. */
const SETTINGS: Readonly<Record<string, Settings>> = {
  email: { value: 'ops@example.org', down: true, up: false },
  webhook: {
    method_down: 'POST',
    url_down: URL_,
    body_down: SECRET,
    headers_down: { 'X-Long': SECRET, B: '2', A: '3' },
    url_up: URL_,
    headers_up: 'X-Long: 1\nB: 2\nA: 3',
  },
  discord: { value: `https://discord.com/api/webhooks/1/${SECRET}` },
  googlechat: { value: `https://chat.googleapis.com/v1/spaces/x/messages?key=${SECRET}` },
  gotify: { url: 'https://gotify.example.org', token: `A${SECRET}`, priority: 5, priority_up: 2 },
  matrix: { alias: '!room:matrix.test' },
  mattermost: { value: URL_ },
  msteamsw: { value: `https://prod.logic.azure.com/workflows/${SECRET}` },
  ntfy: { topic: 'alerts', url: 'https://ntfy.sh', token: `tk_${SECRET}`, priority: 5, priority_up: 3 },
  opsgenie: { region: 'eu', key: SECRET },
  pagertree: { value: `https://api.pagertree.com/integration/${SECRET}` },
  pd: { value: SECRET },
  call: { label: 'Phone', phone: '+15550123' },
  po: { key: SECRET, prio: 0, prio_up: 0 },
  pushbullet: { value: SECRET },
  rocketchat: { value: URL_ },
  shell: { cmd_down: `curl https://example.org/?key=${SECRET}`, cmd_up: '' },
  signal: { label: 'Phone', recipient: '+15550123', down: true, up: true },
  slack: { value: `https://hooks.slack.com/services/${SECRET}` },
  sms: { label: 'Phone', phone: '+15550123', down: true, up: false },
  spike: { value: `https://api.spike.sh/v1/alerts/${SECRET}` },
  victorops: { value: `https://alert.victorops.com/integrations/generic/1/alert/${SECRET}` },
  telegram: { id: '-100123', thread_id: '', name: 'Ops' },
  trello: { token: SECRET, list_id: '0123456789abcdef01234567', board_name: 'B', list_name: 'L' },
  whatsapp: { label: 'Phone', phone: '+15550123', down: true, up: true },
  zulip: {
    bot_email: 'bot@zulip.test',
    api_key: SECRET,
    site: 'https://zulip.test',
    mtype: 'stream',
    to: 'ops',
    topic: '',
  },
};

/** Of a kind whose only setting is an address. */
const address: Change = { settings: { value: `${URL_}/new` }, value: `${URL_}/new`, wrong: { value: 'not a url' } };
/** Of one whose only setting is a key. */
const key: Change = { settings: { value: 'new' }, value: 'new', wrong: { value: '' } };
const phone = { wrong: { phone: '1' } };

interface Change {
  readonly settings: Settings;
  /** The stored value; of an object, the members that change. */
  readonly value: string | Readonly<Record<string, unknown>>;
  readonly wrong: Settings;
}

/** What is changed of {@link SETTINGS}, and what is refused. */
const CHANGES: Readonly<Record<string, Change>> = {
  email: { settings: { up: true }, value: { up: true }, wrong: { value: 'nobody' } },
  webhook: { settings: { url_up: '' }, value: { url_up: '' }, wrong: { url_down: 'ftp://x' } },
  discord: address,
  googlechat: address,
  gotify: { settings: { priority: 9 }, value: { priority: 9 }, wrong: { priority: 1 } },
  matrix: { settings: { alias: '!new:matrix.test' }, value: '!new:matrix.test', wrong: { alias: 'new' } },
  mattermost: address,
  msteamsw: address,
  ntfy: { settings: { topic: 'new' }, value: { topic: 'new' }, wrong: { topic: '' } },
  opsgenie: { settings: { region: 'us' }, value: { region: 'us' }, wrong: { key: '' } },
  pagertree: address,
  pd: key,
  call: { ...phone, settings: { phone: '+15550199' }, value: { value: '+15550199' } },
  po: { settings: { prio_up: -3 }, value: { up: -3 }, wrong: { prio: 9 } },
  pushbullet: key,
  rocketchat: address,
  shell: { settings: { cmd_up: 'true' }, value: { cmd_up: 'true' }, wrong: { cmd_up: 'x'.repeat(1001) } },
  signal: { settings: { up: false }, value: { up: false }, wrong: { recipient: '1' } },
  slack: address,
  sms: { ...phone, settings: { up: true }, value: { up: true } },
  spike: address,
  victorops: address,
  telegram: { settings: { thread_id: '7' }, value: { thread_id: 7 }, wrong: { id: 'x' } },
  trello: { settings: { list_name: 'M' }, value: { list_name: 'M' }, wrong: { list_id: 'x' } },
  whatsapp: { ...phone, settings: { up: false }, value: { up: false } },
  zulip: { settings: { to: 'dev' }, value: { to: 'dev' }, wrong: { mtype: 'x' } },
};

test('no kind is left out', () => {
  expect(Object.keys(SETTINGS).sort()).toEqual(
    KINDS.filter((kind) => kind.form)
      .map((kind) => kind.kind)
      .sort(),
  );
});

describe.each(Object.entries(SETTINGS))('%s', (kind, settings) => {
  let project: TestProject;
  beforeAll(async () => {
    project = await context.api.project();
  });
  const call = (path: string, method = 'GET', body?: unknown) =>
    context.api.call(`/api/v3/channels/${path}`, { method, key: project.rw, ...(body === undefined ? {} : { body }) });

  test('through the API; secrets are not shown', async () => {
    const created = await call('', 'POST', { kind, name: 'N', settings });
    expect([created.status, created.text]).toEqual([201, HIDDEN]);
    expect(created.json).toMatchObject({ kind, name: 'N', disabled: false });
    const { id } = created.json;
    const row = async () => (await context.database.sql`select * from channels where code = ${id}`)[0]!;
    const before = await row();

    const again = await call(id, 'POST', { settings: {} });
    expect([again.status, again.json, again.text]).toEqual([200, created.json, HIDDEN]);
    expect(await row()).toEqual(before);

    await context.database.sql`update channels set disabled = true, last_error = 'x' where code = ${id}`;
    const asItWas = await row();
    const { settings: other, value, wrong } = CHANGES[kind]!;
    for (const refused of [wrong, { ...other, ...wrong }, { ...other, nothing: 'x' }]) {
      expect((await call(id, 'POST', { name: 'M', settings: refused })).status).toBe(400);
      expect(await row()).toEqual(asItWas);
    }
    const changed = await call(id, 'POST', { settings: other });
    expect([changed.status, changed.text]).toEqual([200, HIDDEN]);
    const stored = typeof value === 'string' ? value : { ...before.value, ...value };
    const definition = KINDS.find((k) => k.kind === kind)!;
    const wants = definition.wants(definition.schema.parse(stored));
    expect(await row()).toEqual({ ...before, value: stored, notify_down: wants.down, notify_up: wants.up });
    expect((await call(id, 'DELETE')).status).toBe(200);
  });

  test('from a file, and back into one', async () => {
    const { database, api } = context;
    const options = { clock: api.clock, kinds: channelKinds(KINDS, api.deps.delivery.options) };
    const file = JSON.stringify({
      channels: [{ name: 'N', kind, settings }],
      checks: [{ slug: 'a', channels: ['N'] }],
    });
    const apply = async (to: TestProject, text: string) => {
      const result = await applyConfig(database, to, text, options);
      return result.ok ? printPlan(result.plan) : result.errors.join('\n');
    };
    expect(await apply(project, file)).toContain('2 to create');
    // One that was switched off stays off.
    await database.sql`update channels set disabled = true, last_error = 'x' where project_id = ${project.id}`;
    expect(await apply(project, file)).toBe('Nothing to do: 2 as wanted.\n');
    const exported = await exportConfig(database, project, { ...options, secrets: true });
    expect(await apply(project, exported)).toBe('Nothing to do: 2 as wanted.\n');
    const off = await database.sql`select disabled, last_error from channels where project_id = ${project.id}`;
    expect(off).toEqual([{ disabled: true, last_error: 'x' }]);
    expect(await exportConfig(database, project, options)).not.toContain(SECRET);
    const copy = await api.project();
    expect(await apply(copy, exported)).toContain('2 to create');
    const values = await database.sql`
      select value, notify_down, notify_up, name from channels where project_id in (${project.id}, ${copy.id}) order by id`;
    expect(values).toHaveLength(2);
    expect(values[1]).toEqual(values[0]);
  });
});

describe('what changes with the settings', () => {
  let project: TestProject;
  beforeAll(async () => {
    project = await context.api.project();
  });
  const call = async (path: string, body: unknown) => {
    const { status, json } = await context.api.call(`/api/v3/channels/${path}`, {
      method: 'POST',
      key: project.rw,
      body,
    });
    return { status, json };
  };
  const make = async (kind: string, more: object = {}) =>
    (await call('', { kind, settings: SETTINGS[kind], ...more })).json.id as string;
  const row = async (id: string) =>
    (await context.database.sql`select name, value from channels where code = ${id}`)[0] as {
      name: string;
      value: Record<string, unknown>;
    };

  test.each([
    ['signal', 'label'],
    ['sms', 'label'],
    ['whatsapp', 'label'],
    ['call', 'label'],
    ['webhook', 'name'],
    ['telegram', 'name'],
  ])('%s: a name among them (%s) is its name, unless the request has one', async (kind, field) => {
    const id = await make(kind, { name: 'First' });
    const named = async (body: object) => (await call(id, body)).json.name;
    expect(await named({ settings: {} })).toBe('First');
    expect(await named({ settings: { [field]: 'Second' } })).toBe('Second');
    expect(await named({ settings: { [field]: 'Third' }, name: 'Fourth' })).toBe('Fourth');
    expect(await named({ settings: { [field]: '' } })).toBe('');
    const refused = await call(id, { settings: { [field]: 'x'.repeat(101) } });
    expect(refused.status).toBe(400);
  });

  test('matrix: a name that is the alias goes with it', async () => {
    const id = await make('matrix', { settings: { alias: '#a:matrix.test' } });
    expect((await row(id)).name).toBe('#a:matrix.test');
    expect((await call(id, { settings: { alias: '#b:matrix.test' } })).json.name).toBe('#b:matrix.test');
    expect((await call(id, { settings: { alias: '!c:matrix.test' } })).json.name).toBe('');
    await call(id, { name: 'Ops' });
    expect((await call(id, { settings: { alias: '#d:matrix.test' } })).json.name).toBe('Ops');
  });

  test('telegram: topic and name are those of a chat', async () => {
    const id = await make('telegram', { settings: { ...SETTINGS.telegram, thread_id: '7' } });
    await context.database.sql`update channels set value = value || '{"type": "supergroup"}' where code = ${id}`;
    await call(id, { settings: { id: '-100123' } });
    expect(await row(id)).toEqual({
      name: 'Ops',
      value: { id: -100123, type: 'supergroup', name: 'Ops', thread_id: 7 },
    });
    await call(id, { settings: { id: '5' } });
    expect(await row(id)).toMatchObject({ name: '', value: { id: 5, name: '', thread_id: null } });
    await call(id, { settings: { id: '6', thread_id: '8' } });
    expect((await row(id)).value).toMatchObject({ id: 6, thread_id: 8 });
  });

  test('trello: board and list are called as the new one is, not as the old', async () => {
    const id = await make('trello');
    await call(id, { settings: { list_id: 'f'.repeat(24) } });
    expect((await row(id)).value).toEqual({
      token: SECRET,
      list_id: 'f'.repeat(24),
      board_name: '',
      list_name: '',
    });
  });

  test.each([
    ['gotify', 'url', 'token'],
    ['ntfy', 'url', 'token'],
    ['zulip', 'site', 'api_key'],
  ])('%s: what is a secret of one server is not sent to another', async (kind, server, secret) => {
    const id = await make(kind);
    const before = await row(id);
    expect(await call(id, { settings: { [server]: 'https://evil.test' } })).toMatchObject({
      status: 400,
      json: { error: `json validation error: settings.${secret} has to be sent with another settings.${server}` },
    });
    expect(await row(id)).toEqual(before);
    expect((await call(id, { settings: { [server]: 'https://new.test', [secret]: 'k' } })).status).toBe(200);
    expect((await row(id)).value).toEqual({ ...before.value, [server]: 'https://new.test', [secret]: 'k' });
    if (kind !== 'ntfy') return;
    expect((await call(id, { settings: { url: 'https://open.test', token: '' } })).status).toBe(200);
    expect((await call(id, { settings: { url: 'https://another.test' } })).status).toBe(200);
    expect((await row(id)).value).toMatchObject({ url: 'https://another.test', token: null });
  });

  test('zulip: what is a channel is no person', async () => {
    const id = await make('zulip');
    const before = await row(id);
    expect((await call(id, { settings: { mtype: 'private' } })).status).toBe(400);
    expect(await row(id)).toEqual(before);
    const both = { site: 'https://new.test', api_key: 'k', mtype: 'private', to: 'a@zulip.test' };
    expect((await call(id, { settings: both })).status).toBe(200);
    expect((await row(id)).value).toEqual({ ...before.value, ...both });
  });

  test.each<[string, unknown, Settings, unknown]>([
    ['slack', '{"incoming_webhook": {"url": "https://a.test/"}}', {}, undefined],
    ['slack', '{"incoming_webhook": {"url": "https://a.test/"}}', { value: 'https://b.test/' }, 'https://b.test/'],
    ['pd', { service_key: 'k', account: 'Acme' }, { value: 'k' }, undefined],
    ['pd', { service_key: 'k', account: 'Acme' }, { value: 'l' }, 'l'],
    ['gotify', { url: 'https://g.test', token: 'a' }, { token: 'b' }, { url: 'https://g.test', token: 'b' }],
    ['po', 'key|1', { prio_up: 2 }, { key: 'key', down: 1, up: 2 }],
    ['email', 'a@example.org', {}, undefined],
    ['email', 'a@example.org', { up: false }, { value: 'a@example.org', up: false, down: true }],
    ['zulip', 'nothing that a Zulip integration stores', SETTINGS.zulip!, SETTINGS.zulip],
  ])('%s, stored as %j, set to %j', async (kind, stored, settings, expected) => {
    const id = await make(kind);
    const { sql } = context.database;
    await sql`update channels set value = ${sql.json(stored as never)} where code = ${id}`;
    expect((await call(id, { settings })).status).toBe(200);
    expect((await row(id)).value).toEqual(expected ?? stored);
  });
});
