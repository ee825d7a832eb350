import { expect, test } from 'vitest';
import { facts } from '../testing/fixtures.ts';
import { CLOAKED, CRON, KindWorld, REASON, UP, VALUES } from '../testing/kind-world.ts';

const world = new KindWorld();

test('slack', async () => {
  await world.send('slack', CRON, { body: Buffer.from('the body') });
  expect(world.calledAt()).toBe('https://hooks.slack.com/services/x');
  expect(world.json()).toEqual({
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
          { title: 'Last Ping Body', value: '```\nthe body\n```' },
        ],
      },
    ],
  });
  await world.send('slack', UP, { body: Buffer.from('with ``` in it') });
  expect(world.json(1).attachments[0]).toMatchObject({ color: 'good', text: 'It was down for 1 hour, 2 minutes.' });
  expect(JSON.stringify(world.json(1))).not.toContain('Last Ping Body');
});

test('slack and discord, as their OAuth flows were stored', async () => {
  await world.send(
    'slack',
    {},
    {},
    {},
    JSON.stringify({ ok: true, incoming_webhook: { url: 'https://hooks.slack.com/o' } }),
  );
  await world.send('discord', {}, {}, {}, { webhook: { url: 'https://discordapp.com/api/webhooks/2/y' } });
  expect([world.calledAt(0), world.calledAt(1)]).toEqual([
    'https://hooks.slack.com/o',
    'https://discord.com/api/webhooks/2/y/slack',
  ]);
});

test('a body of more than 1,000 characters is cut', async () => {
  await world.send('slack', {}, { body: Buffer.from('ž'.repeat(1001)) });
  expect(world.json().attachments[0].fields.at(-1).value).toBe(`\`\`\`\n${'ž'.repeat(1000)}\n[truncated]\n\`\`\``);
});

test('rocketchat', async () => {
  await world.send('rocketchat', { lastPing: { bodySize: 9 } });
  expect(world.json()).toMatchObject({
    alias: 'Watch',
    text: `[Nightly <dump>](${CLOAKED}) is DOWN (${REASON}).`,
    attachments: [{ color: '#d9534f' }],
  });
  expect(world.json().attachments[0].fields.at(-1)).toEqual({
    title: 'Last Ping Body',
    value: `9 bytes, [show body](${CLOAKED}#ping-412)`,
    short: true,
  });
  await world.send('rocketchat', { lastPing: { bodySize: 1 } });
  expect(world.json(1).attachments[0].fields.at(-1).value).toMatch(/^1 byte,/);
});

test('msteamsw', async () => {
  await world.send('msteamsw', {}, { body: Buffer.from('<b>') });
  const card = world.json().attachments[0];
  expect(card.contentType).toBe('application/vnd.microsoft.card.adaptive');
  expect(card.content.body[0]).toMatchObject({
    text: `🔴 “Nightly &lt;dump&gt;” is DOWN (${REASON}).`,
    style: 'heading',
  });
  expect(card.content.body[1].facts[0]).toEqual({ title: 'Description:', value: 'pg_dump & upload', short: true });
  expect(card.content.body[3]).toEqual({ type: 'CodeBlock', codeSnippet: '<b>', language: 'PlainText' });
  expect(card.content.actions).toEqual([{ type: 'Action.OpenUrl', title: 'View in Watch', url: CLOAKED }]);
});

test('googlechat', async () => {
  await world.send('googlechat', UP);
  const { widgets } = world.json().cardsV2[0].card.sections;
  expect(widgets[0].textParagraph.text).toBe(
    '🟢 <b>Nightly &lt;dump&gt;</b> is <b>UP</b>.\nIt was down for 1 hour, 2 minutes.',
  );
  expect(widgets.at(-1).buttonList.buttons[0].onClick.openLink.url).toBe(CLOAKED);
});

test('telegram', async () => {
  await world.send('telegram', CRON, { body: Buffer.from('<&') });
  expect(world.calledAt()).toBe('https://api.telegram.org/botTOKEN/sendMessage');
  expect(world.json()).toMatchObject({ chat_id: -100, message_thread_id: 7, parse_mode: 'html' });
  expect(world.json().text).toBe(
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
  world.receiver.answer = (_, response) =>
    response.writeHead(429).end('{"description":"Too Many Requests","parameters":{"retry_after":17}}');
  expect(await world.send('telegram')).toMatchObject({ result: 'retry', retryAfter: 17_000 });
});

test('matrix: the delivery id is the transaction id', async () => {
  await world.send('matrix', UP);
  expect(world.receiver.requests[0]).toMatchObject({ method: 'PUT', headers: { authorization: 'Bearer SECRET' } });
  expect(world.calledAt()).toBe(
    `https://matrix.test/_matrix/client/v3/rooms/%21room%3Amatrix.test/send/m.room.message/${facts('matrix').deliveryId}`,
  );
  expect(world.json().body).toBe('Nightly &lt;dump&gt; is now UP. It was down for 1 hour, 2 minutes.');
  expect(world.json().formatted_body).toContain(
    `<p>🟢 <a href="${CLOAKED}">Nightly &lt;dump&gt;</a> is now <b>UP</b>.`,
  );
});

test('matrix: an alias is joined', async () => {
  world.receiver.answer = (request, response) =>
    request.url.includes('/join/') ? response.end('{"room_id":"!abc:matrix.test"}') : response.end();
  await world.send('matrix', {}, {}, {}, '#ops:matrix.test');
  expect(world.receiver.requests.map((r) => r.url.split('/').slice(4, 6).join('/'))).toEqual([
    'join/%23ops%3Amatrix.test',
    'rooms/%21abc%3Amatrix.test',
  ]);
  world.receiver.answer = (_, response) => response.writeHead(403).end('{}');
  expect(await world.send('matrix', {}, {}, {}, '#ops:matrix.test')).toMatchObject({
    error: 'Received status code 403',
  });
});

test('zulip', async () => {
  await world.send('zulip');
  expect(world.calledAt()).toBe('https://zulip.test/api/v1/messages');
  expect(world.receiver.requests[0]!.headers.authorization).toBe(
    `Basic ${Buffer.from('bot@zulip.test:K').toString('base64')}`,
  );
  expect(world.form()).toEqual({
    type: 'stream',
    to: 'ops',
    topic: 'Nightly <dump> is DOWN',
    content: `[Nightly &lt;dump&gt;](${CLOAKED}) is **DOWN** (${REASON}).\n\n---\n**Description**\npg_dump &amp; upload`,
  });
  await world.send('zulip', {}, {}, {}, { ...(VALUES.zulip as object), mtype: 'private', to: '1234' });
  expect(world.form(1).to).toBe('[1234]');
});
