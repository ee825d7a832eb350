import { uniqueKey } from '@overdue/checks';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findKind, findKindByPath, KINDS } from '../kinds.ts';
import type { NotificationOptions } from '../options.ts';
import { facts, NOON, OPTIONS, StandInClient, sendVia, tools } from '../testing/fixtures.ts';
import { type HttpReceiver, startHttpReceiver } from '../testing/receivers.ts';

const KEY = uniqueKey('0d6f3c1e-5a1b-4c7e-9b51-2f4f5a6b7c8d');
const CLOAKED = `https://site.test/cloaked/${KEY}/`;
const REASON = 'success signal did not arrive on time, grace time passed';

/** Everything switched on. */
const ALL: Partial<NotificationOptions> = {
  telegramToken: 'TOKEN',
  matrix: { homeserver: 'https://matrix.test', accessToken: 'SECRET' },
  pushover: { token: 'APP', emergencyRetryDelay: 300, emergencyExpiration: 86_400 },
  ntfyShToken: 'NTFY',
  trelloAppKey: 'TRELLO',
};

/** A stored value for each kind that posts to somebody else's server. */
const VALUES: Record<string, unknown> = {
  discord: 'https://discordapp.com/api/webhooks/1/x',
  googlechat: 'https://chat.googleapis.com/v1/spaces/x',
  gotify: { url: 'https://gotify.test/sub', token: 'T', priority: 9, priority_up: 2 },
  matrix: '!room:matrix.test',
  mattermost: 'https://mm.test/hooks/x',
  msteamsw: 'https://teams.test/x',
  ntfy: { topic: 'alerts', url: 'https://ntfy.sh', token: null, priority: 5, priority_up: 3 },
  opsgenie: { region: 'eu', key: 'K' },
  pagertree: 'https://api.pagertree.com/x',
  pd: 'SERVICE',
  po: 'USER|2|0',
  pushbullet: 'PB',
  rocketchat: 'https://rc.test/hooks/x',
  slack: 'https://hooks.slack.com/services/x',
  spike: 'https://api.spike.sh/x',
  telegram: { id: -100, type: 'group', name: 'Ops', thread_id: 7 },
  trello: { token: 'T', list_id: '0123456789abcdef', board_name: 'B', list_name: 'L' },
  victorops: 'https://alert.victorops.com/x',
  zulip: {
    bot_email: 'bot@zulip.test',
    api_key: 'K',
    site: 'https://zulip.test',
    mtype: 'stream',
    to: 'ops',
    topic: '',
  },
};

let receiver: HttpReceiver;
beforeEach(async () => {
  receiver = await startHttpReceiver();
});
afterEach(() => receiver.close());

async function send(
  kind: string,
  changes: Parameters<typeof facts>[1] = {},
  more = {},
  options = {},
  value = VALUES[kind],
) {
  const http = new StandInClient(receiver.url);
  const with_ = { ...tools({ ...ALL, ...options }), http };
  try {
    return await sendVia(facts(kind, changes), value, with_, more);
  } finally {
    await http.close();
  }
}
const UP = { flip: { newStatus: 'up', oldStatus: 'down', reason: '' }, downSince: NOON - 3_723_000 } as const;
const CRON = { check: { kind: 'cron', schedule: '*/5 2 * * *' } } as const;
const json = (i = 0) => JSON.parse(receiver.requests[i]!.body);
const form = (i = 0) => Object.fromEntries(new URLSearchParams(receiver.requests[i]!.body));
const calledAt = (i = 0) => `${receiver.requests[i]!.headers.for}${receiver.requests[i]!.url}`;

describe.each(Object.keys(VALUES))('%s', (kind) => {
  test('sends, and never tells the UUID of a named check', async () => {
    for (const changes of [{}, UP, CRON]) {
      const wants = findKind(kind)!.wants(findKind(kind)!.schema.parse(VALUES[kind]));
      if (changes === UP && !wants.up) continue;
      expect(await send(kind, changes, { body: Buffer.from('a <b> & c') })).toMatchObject({ result: 'sent' });
    }
    const said = JSON.stringify(
      receiver.requests.map(({ url, body }) => ({ url, body: body.replace(/"client_url":"[^"]*"/, '') })),
    );
    expect(said).not.toContain('0d6f3c1e-5a1b');
    expect(said).not.toContain('\u00a0');
  });

  test('an unnamed check is called by its UUID; no last ping is "Never"', async () => {
    expect(await send(kind, { check: { name: '' }, lastPing: null })).toMatchObject({ result: 'sent' });
    expect(JSON.stringify(receiver.requests)).toContain('0d6f3c1e');
  });

  test('an error is tried again', async () => {
    receiver.answer = (_, response) => response.writeHead(503).end('oh');
    expect(await send(kind)).toMatchObject({ result: 'retry', error: 'Received status code 503', unreachable: true });
  });

  test('one that fails by itself does not speak for its host', async () => {
    receiver.answer = (_, response) => response.writeHead(500).end('oh');
    expect(await send(kind)).toEqual({ result: 'retry', error: 'Received status code 500' });
  });

  test('a value that cannot be read is no reason to throw', () => {
    for (const value of ['"{oops"', '{oops', null, 7, [], {}, { url: 'x', webhook: null }]) {
      expect(() => findKind(kind)!.schema.safeParse(value)).not.toThrow();
    }
  });

  test('what is stored can be edited and stored again', () => {
    const definition = findKind(kind)!;
    const value = definition.schema.parse(VALUES[kind]);
    const parsed = definition.form!.parse(definition.form!.fill(value));
    expect(parsed).toMatchObject({ ok: true });
    expect(definition.schema.parse((parsed as { value: unknown }).value)).toEqual(
      kind === 'telegram' ? { ...(value as object), type: 'private' } : value,
    );
    expect(definition.form!.parse({})).toMatchObject({ ok: false });
    expect(definition.describe(value)).not.toBe('');
  });
});

test.each([
  ['slack', 404, '', true],
  ['slack', 400, 'invalid_token', true],
  ['slack', 400, 'no_text', false],
  ['discord', 404, '', true],
  ['mattermost', 404, '', false],
  ['victorops', 404, '', true],
  ['po', 400, '{"user":"invalid"}', true],
  ['po', 400, '{"message":"cannot be blank"}', false],
  ['telegram', 403, '{"description":"Forbidden: bot was blocked by the user"}', true],
  ['telegram', 400, '{"description":"Bad Request: chat not found"}', true],
  ['telegram', 400, '{"description":"Bad Request: message is too long"}', false],
  ['googlechat', 404, '', false],
])('%s, status %i %s: permanent %s', async (kind, status, body, permanent) => {
  receiver.answer = (_, response) => response.writeHead(status).end(body);
  const result = await send(kind);
  expect(result).toMatchObject(permanent ? { result: 'failed', disable: true } : { result: 'retry' });
  expect((result as { error: string }).error).toContain(`Received status code ${status}`);
});

test.each([
  ['slack', 'Slack notifications are not enabled.'],
  ['mattermost', 'Mattermost notifications are not enabled.'],
  ['rocketchat', 'Rocket.Chat notifications are not enabled.'],
  ['msteamsw', 'MS Teams notifications are not enabled.'],
  ['zulip', 'Zulip notifications are not enabled.'],
  ['pd', 'PagerDuty notifications are not enabled.'],
  ['pagertree', 'PagerTree notifications are not enabled.'],
  ['opsgenie', 'Opsgenie notifications are not enabled.'],
  ['victorops', 'Splunk On-Call notifications are not enabled.'],
  ['spike', 'Spike notifications are not enabled.'],
])('%s switched off after it was added: %s', async (kind, error) => {
  const options = { disabledKinds: new Set([kind]) };
  expect(await send(kind, {}, {}, options)).toEqual({ result: 'failed', error, disable: false });
  expect(findKind(kind)!.enabled({ ...OPTIONS, ...options })).toBe(false);
  expect(receiver.requests).toHaveLength(0);
});

test.each(['telegram', 'ntfy', 'po'])('%s: not more than six a minute to one recipient', async (kind) => {
  expect(await send(kind, {}, { rateLimited: true })).toEqual({
    result: 'retry',
    error: 'Rate limit exceeded',
    retryAfter: 10_000,
  });
  expect(receiver.requests).toHaveLength(0);
});

test('slack', async () => {
  await send('slack', CRON, { body: Buffer.from('the body') });
  expect(calledAt()).toBe('https://hooks.slack.com/services/x');
  expect(json()).toEqual({
    username: 'Watch',
    icon_url: 'https://site.test/static/logo.png',
    attachments: [
      {
        color: 'danger',
        fallback: 'The check "Nightly <dump>" is DOWN.',
        mrkdwn_in: ['fields'],
        title: '“Nightly <dump>” is DOWN',
        title_link: CLOAKED,
        text: `Reason: ${REASON}.`,
        fields: [
          { title: 'Description', value: 'pg_dump & upload' },
          { title: 'Project', value: 'Backups & more', short: true },
          { title: 'Tags', value: '`db` `prod`', short: true },
          { title: 'Schedule', value: '\u034f*/5 2 \u034f* \u034f* \u034f*', short: true },
          { title: 'Time Zone', value: 'Europe/Riga', short: true },
          { title: 'Total Pings', value: '412', short: true },
          { title: 'Last Ping', value: 'Success, 1 day, 1 hour ago', short: true },
          { title: 'Last Ping Body', value: '```\nthe body\n```', short: false },
        ],
      },
    ],
  });
  await send('slack', UP, { body: Buffer.from('with ``` in it') });
  expect(json(1).attachments[0]).toMatchObject({ color: 'good', text: 'It was down for 1 hour, 2 minutes.' });
  expect(JSON.stringify(json(1))).not.toContain('Last Ping Body');
});

test('slack and discord, as their OAuth flows were stored', async () => {
  await send('slack', {}, {}, {}, JSON.stringify({ ok: true, incoming_webhook: { url: 'https://hooks.slack.com/o' } }));
  await send('discord', {}, {}, {}, { webhook: { url: 'https://discordapp.com/api/webhooks/2/y' } });
  expect([calledAt(0), calledAt(1)]).toEqual([
    'https://hooks.slack.com/o',
    'https://discord.com/api/webhooks/2/y/slack',
  ]);
});

test('a body of more than 1,000 characters is cut', async () => {
  await send('slack', {}, { body: Buffer.from('ž'.repeat(1001)) });
  expect(json().attachments[0].fields.at(-1).value).toBe(`\`\`\`\n${'ž'.repeat(1000)}\n[truncated]\n\`\`\``);
});

test('rocketchat', async () => {
  await send('rocketchat', { lastPing: { bodySize: 9 } });
  expect(json()).toMatchObject({
    alias: 'Watch',
    text: `[Nightly <dump>](${CLOAKED}) is DOWN (${REASON}).`,
    attachments: [{ color: '#d9534f' }],
  });
  expect(json().attachments[0].fields.at(-1)).toEqual({
    title: 'Last Ping Body',
    value: `9 bytes, [show body](${CLOAKED}#ping-412)`,
    short: true,
  });
});

test('msteamsw', async () => {
  await send('msteamsw', {}, { body: Buffer.from('<b>') });
  const card = json().attachments[0];
  expect(card.contentType).toBe('application/vnd.microsoft.card.adaptive');
  expect(card.content.body[0]).toMatchObject({
    text: `🔴 “Nightly &lt;dump&gt;” is DOWN (${REASON}).`,
    style: 'heading',
  });
  expect(card.content.body[1].facts[0].title).toBe('Description:');
  expect(card.content.body[3]).toEqual({ type: 'CodeBlock', codeSnippet: '<b>', language: 'PlainText' });
  expect(card.content.actions).toEqual([{ type: 'Action.OpenUrl', title: 'View in Watch', url: CLOAKED }]);
});

test('googlechat', async () => {
  await send('googlechat', UP);
  const { widgets } = json().cardsV2[0].card.sections;
  expect(widgets[0].textParagraph.text).toBe(
    '🟢 <b>Nightly &lt;dump&gt;</b> is <b>UP</b>.\nIt was down for 1 hour, 2 minutes.',
  );
  expect(widgets.at(-1).buttonList.buttons[0].onClick.openLink.url).toBe(CLOAKED);
});

test('ntfy', async () => {
  const others = { down: 1, named: [{ name: 'other', code: '0d6f3c1e-5a1b-4c7e-9b51-2f4f5a6b7c8e', lastPing: null }] };
  await send('ntfy', {}, { others });
  expect(receiver.requests[0]!.headers.authorization).toBe('Bearer NTFY');
  expect(json()).toMatchObject({
    topic: 'alerts',
    priority: 5,
    title: 'Nightly <dump> is DOWN',
    markdown: true,
    tags: ['red_circle'],
    actions: [{ action: 'view', label: 'View on Watch', url: CLOAKED }],
  });
  expect(json().message).toBe(
    [
      `Reason: ${REASON}.`,
      '',
      '**Project:** Backups &amp; more',
      '**Tags:** db, prod',
      '**Period:** 1 day',
      '**Total Pings:** 412',
      '**Last Ping:** Success, 1 day, 1 hour ago',
      '',
      'The following check is also down:',
      '* **other** (last ping: never)',
    ].join('\n'),
  );
  await send('ntfy', {}, {}, {}, { ...(VALUES.ntfy as object), url: 'https://ntfy.example.org' });
  expect(receiver.requests[1]!.headers.authorization).toBeUndefined();
  const { wants } = findKind('ntfy')!;
  expect(wants({ ...(VALUES.ntfy as object), priority_up: 0 })).toEqual({ down: true, up: false });
});

test('others: all up; too many to name', async () => {
  await send('ntfy', {}, { others: { down: 0, named: [] } });
  expect(json(0).message).toMatch(/\n\nAll the other checks are up\.$/);
  await send('ntfy', UP, { others: { down: 11, named: [] } });
  expect(json(1).message).toMatch(/\n\n11 other checks are still down\.$/);
});

test('gotify', async () => {
  await send('gotify');
  expect(calledAt()).toBe('https://gotify.test/sub/message?token=T');
  expect(json()).toMatchObject({ title: 'Nightly <dump> is DOWN', priority: 9 });
  expect(json().message).toBe(`🔴 [Nightly &lt;dump&gt;](${CLOAKED}) is **DOWN**.\nReason: ${REASON}.`);
});

test('pagertree, spike, victorops', async () => {
  await send('pagertree');
  expect(json(0)).toEqual({
    incident_key: KEY,
    event_type: 'trigger',
    title: `Nightly <dump> is DOWN (${REASON})`,
    description: `Nightly &lt;dump&gt; is DOWN (${REASON}).\nLast ping was 1 day, 1 hour ago.`,
    client: 'Watch',
    client_url: 'https://site.test',
    tags: 'db prod',
  });
  await send('spike', UP);
  expect(json(1)).toEqual({
    check_id: KEY,
    title: 'Nightly <dump> is UP',
    message: 'Nightly <dump> is UP.',
    status: 'up',
  });
  await send('victorops');
  expect(json(2)).toMatchObject({ entity_id: KEY, message_type: 'CRITICAL', entity_display_name: 'Nightly <dump>' });
  await send('victorops', UP);
  expect(json(3)).toMatchObject({ message_type: 'RECOVERY', state_message: 'Nightly <dump> is UP' });
});

test('pd', async () => {
  await send('pd', CRON);
  expect(calledAt()).toBe('https://events.pagerduty.com/generic/2010-04-15/create_event.json');
  expect(json()).toEqual({
    service_key: 'SERVICE',
    incident_key: KEY,
    event_type: 'trigger',
    description: `Nightly <dump> is DOWN (${REASON})`,
    client: 'Watch',
    client_url: 'https://site.test/checks/0d6f3c1e-5a1b-4c7e-9b51-2f4f5a6b7c8d/details/',
    details: {
      Project: 'Backups & more',
      'Total pings': 412,
      'Last ping': 'Success, 1 day, 1 hour ago',
      Description: 'pg_dump & upload',
      Tags: 'db, prod',
      Schedule: '*/5 2 * * *',
      'Time zone': 'Europe/Riga',
    },
  });
  await send('pd', UP, {}, {}, { service_key: 'OTHER', account: 'acme' });
  expect(json(1)).toMatchObject({ service_key: 'OTHER', event_type: 'resolve' });
});

test('opsgenie', async () => {
  await send('opsgenie');
  expect(calledAt()).toBe('https://api.eu.opsgenie.com/v2/alerts');
  expect(receiver.requests[0]!.headers.authorization).toBe('GenieKey K');
  expect(json()).toMatchObject({
    alias: KEY,
    source: 'Watch',
    tags: ['db', 'prod'],
    details: { 'Full details': CLOAKED },
  });
  await send('opsgenie', UP);
  expect(calledAt(1)).toBe(`https://api.eu.opsgenie.com/v2/alerts/${KEY}/close?identifierType=alias`);
  expect(json(1)).toEqual({ alias: KEY, source: 'Watch' });
  receiver.answer = (_, response) => response.writeHead(422).end('{"message":"Key format is not valid!"}');
  expect(await send('opsgenie')).toMatchObject({
    error: 'Received status code 422 with a message: "Key format is not valid!"',
  });
});

test('telegram', async () => {
  await send('telegram', CRON, { body: Buffer.from('<&') });
  expect(calledAt()).toBe('https://api.telegram.org/botTOKEN/sendMessage');
  expect(json()).toMatchObject({ chat_id: -100, message_thread_id: 7, parse_mode: 'html' });
  expect(json().text).toBe(
    [
      `🔴 <a href="${CLOAKED}">Nightly &lt;dump&gt;</a> is <b>DOWN</b> (${REASON}).`,
      '',
      '<b>Project:</b> Backups &amp; more',
      '<b>Tags:</b> db, prod',
      '<b>Schedule:</b> <code>*/5 2 * * *</code>',
      '<b>Time Zone:</b> Europe/Riga',
      '<b>Total Pings:</b> 412',
      '<b>Last Ping:</b> Success, 1 day, 1 hour ago',
      '<b>Last Ping Body:</b>',
      '<pre>&lt;&amp;</pre>',
    ].join('\n'),
  );
  receiver.answer = (_, response) =>
    response.writeHead(429).end('{"description":"Too Many Requests","parameters":{"retry_after":17}}');
  expect(await send('telegram')).toMatchObject({ result: 'retry', retryAfter: 17_000 });
});

test('matrix: the delivery id is the transaction id', async () => {
  await send('matrix', UP);
  expect(receiver.requests[0]).toMatchObject({ method: 'PUT', headers: { authorization: 'Bearer SECRET' } });
  expect(calledAt()).toBe(
    `https://matrix.test/_matrix/client/v3/rooms/!room%3Amatrix.test/send/m.room.message/${facts('matrix').deliveryId}`,
  );
  expect(json().body).toBe('Nightly &lt;dump&gt; is now UP. It was down for 1 hour, 2 minutes.');
  expect(json().formatted_body).toContain(`<p><a href="${CLOAKED}">Nightly &lt;dump&gt;</a> is now <b>UP</b>.`);
});

test('matrix: an alias is joined', async () => {
  receiver.answer = (request, response) =>
    request.url.includes('/join/') ? response.end('{"room_id":"!abc:matrix.test"}') : response.end();
  await send('matrix', {}, {}, {}, '#ops:matrix.test');
  expect(receiver.requests.map((r) => r.url.split('/').slice(4, 6).join('/'))).toEqual([
    'join/%23ops%3Amatrix.test',
    'rooms/!abc%3Amatrix.test',
  ]);
  receiver.answer = (_, response) => response.writeHead(403).end('{}');
  expect(await send('matrix', {}, {}, {}, '#ops:matrix.test')).toMatchObject({ error: 'Received status code 403' });
});

test('zulip', async () => {
  await send('zulip');
  expect(calledAt()).toBe('https://zulip.test/api/v1/messages');
  expect(receiver.requests[0]!.headers.authorization).toBe(
    `Basic ${Buffer.from('bot@zulip.test:K').toString('base64')}`,
  );
  expect(form()).toEqual({
    type: 'stream',
    to: 'ops',
    topic: 'Nightly <dump> is DOWN',
    content: `[Nightly &lt;dump&gt;](${CLOAKED}) is **DOWN** (${REASON}).\n\n---\n**Description**\npg_dump &amp; upload`,
  });
  await send('zulip', {}, {}, {}, { ...(VALUES.zulip as object), mtype: 'private', to: '1234' });
  expect(form(1).to).toBe('[1234]');
});

test('pushover: emergencies are repeated, and called off when it is up', async () => {
  await send('po');
  expect(calledAt()).toBe('https://api.pushover.net/1/messages.json');
  expect(form()).toMatchObject({
    token: 'APP',
    user: 'USER',
    title: '🔴 Nightly <dump> is DOWN',
    priority: '2',
    retry: '300',
    expire: '86400',
    tags: KEY,
    url: CLOAKED,
    url_title: 'View on Watch',
  });
  await send('po', UP);
  expect(calledAt(1)).toBe(`https://api.pushover.net/1/receipts/cancel_by_tag/${KEY}.json`);
  expect(form(2)).toMatchObject({ priority: '0' });
  expect(form(2).retry).toBeUndefined();
  const { wants, schema } = findKind('po')!;
  expect(wants(schema.parse('KEY|-3'))).toEqual({ down: false, up: false });
});

test('pushbullet, trello', async () => {
  await send('pushbullet');
  expect(receiver.requests[0]!.headers['access-token']).toBe('PB');
  expect(json()).toEqual({ type: 'note', title: 'Watch', body: `The check "Nightly <dump>" is DOWN (${REASON}).` });
  await send('trello');
  const url = new URL(calledAt(1));
  expect(url.pathname).toBe('/1/cards');
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    idList: '0123456789abcdef',
    name: 'Down: Nightly <dump>',
    key: 'TRELLO',
    token: 'T',
  });
  expect(url.searchParams.get('desc')).toContain('**Period:** 1 day\n**Last Ping:** 1 day, 1 hour ago');
});

test('the registry', () => {
  expect(new Set(KINDS.map((kind) => kind.kind)).size).toBe(KINDS.length);
  for (const kind of KINDS) expect(kind.icon).toMatch(/^<svg .*<\/svg>$/s);
  expect(findKindByPath('msteams')?.kind).toBe('msteamsw');
  expect(findKindByPath('pushover')?.kind).toBe('po');
  expect(findKindByPath('webhook')?.kind).toBe('webhook');
  expect(findKindByPath('po')).toBeUndefined();
});
