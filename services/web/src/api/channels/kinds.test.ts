/** Every kind that can be set up without a browser, through the API and from a file. */
import { KINDS } from '@overdue/notifications';
import { applyConfig, channelKinds, exportConfig, printPlan } from '@overdue/operations';
import { beforeAll, describe, expect, test } from 'vitest';
import { useTestApi } from '../compatibility/setup.ts';
import type { TestProject } from '../testing.ts';

const context = useTestApi({
  APPRISE_ENABLED: 'True',
  SHELL_ENABLED: 'True',
  TELEGRAM_TOKEN: 't',
  TELEGRAM_BOT_NAME: 'bot',
  TWILIO_ACCOUNT: 'a',
  TWILIO_AUTH: 'b',
  TWILIO_FROM: '+15550100',
  TWILIO_USE_WHATSAPP: 'True',
  TWILIO_MESSAGING_SERVICE_SID: 'm',
  WHATSAPP_DOWN_CONTENT_SID: 'd',
  WHATSAPP_UP_CONTENT_SID: 'u',
  MATRIX_HOMESERVER: 'https://matrix.test',
  MATRIX_USER_ID: '@bot:matrix.test',
  MATRIX_ACCESS_TOKEN: 'x',
  PUSHOVER_API_TOKEN: 'p',
  PUSHOVER_SUBSCRIPTION_URL: 'https://pushover.test/subscribe',
  SIGNAL_CLI_SOCKET: '/tmp/socket',
  TRELLO_APP_KEY: 'k',
});

const SECRET = 'zzsecretzz';
const URL_ = `https://hooks.example.org/${SECRET}`;

/** Settings as a form sends them; what holds {@link SECRET} is never shown. */
const SETTINGS: Readonly<Record<string, Record<string, string | boolean | number>>> = {
  email: { value: 'ops@example.org', down: true, up: false },
  webhook: { method_down: 'POST', url_down: URL_, body_down: SECRET, headers_down: `X-Token: ${SECRET}`, url_up: URL_ },
  discord: { value: `https://discord.com/api/webhooks/1/${SECRET}` },
  googlechat: { value: `https://chat.googleapis.com/v1/spaces/x/messages?key=${SECRET}` },
  gotify: { url: 'https://gotify.example.org', token: `A${SECRET}`, priority: 5, priority_up: 2 },
  matrix: { alias: '!room:matrix.test' },
  mattermost: { value: URL_ },
  msteamsw: { value: `https://prod.logic.azure.com/workflows/${SECRET}` },
  ntfy: { topic: 'alerts', url: 'https://ntfy.sh', token: `tk_${SECRET}`, priority: 5, priority_up: 3 },
  opsgenie: { region: 'eu', key: `0000${SECRET}` },
  pagertree: { value: `https://api.pagertree.com/integration/${SECRET}` },
  pd: { value: `0000${SECRET}` },
  call: { label: 'Phone', phone: '+15550123' },
  po: { key: `0000${SECRET}`, prio: 0, prio_up: 0 },
  pushbullet: { value: `0000${SECRET}` },
  rocketchat: { value: URL_ },
  shell: { cmd_down: `curl https://example.org/?key=${SECRET}`, cmd_up: '' },
  signal: { label: 'Phone', recipient: '+15550123', down: true, up: true },
  slack: { value: `https://hooks.slack.com/services/${SECRET}` },
  sms: { label: 'Phone', phone: '+15550123', down: true, up: false },
  spike: { value: `https://api.spike.sh/v1/alerts/${SECRET}` },
  victorops: { value: `https://alert.victorops.com/integrations/generic/1/alert/${SECRET}` },
  telegram: { id: '-100123', thread_id: '', name: 'Ops' },
  trello: { token: `0000${SECRET}`, list_id: '0123456789abcdef01234567', board_name: 'B', list_name: 'L' },
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
    expect([created.status, created.text]).toEqual([201, expect.not.stringContaining(SECRET)]);
    expect(created.json).toMatchObject({ kind, name: 'N', disabled: false });
    const { id } = created.json;
    const [before] = await context.database.sql`select value from channels where code = ${id}`;

    const again = await call(id, 'POST', { settings: {} });
    const editable = KINDS.find((k) => k.kind === kind)!.form!.editable;
    expect([again.status, again.text]).toEqual([editable ? 200 : 400, expect.not.stringContaining(SECRET)]);
    if (editable) expect(again.json).toEqual(created.json);
    const [after] = await context.database.sql`select value from channels where code = ${id}`;
    expect(after).toEqual(before);
    expect((await call(id)).json).toEqual(created.json);
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
    expect(await apply(project, file)).toBe('Nothing to do: 2 as wanted.\n');
    const exported = await exportConfig(database, project, { ...options, secrets: true });
    expect(await apply(project, exported)).toBe('Nothing to do: 2 as wanted.\n');
    expect(await exportConfig(database, project, options)).not.toContain(SECRET);
    const copy = await api.project();
    expect(await apply(copy, exported)).toContain('2 to create');
    const values = await database.sql`
      select value, notify_down, notify_up, name from channels where project_id in (${project.id}, ${copy.id}) order by id`;
    expect(values).toHaveLength(2);
    expect(values[1]).toEqual(values[0]);
  });
});
