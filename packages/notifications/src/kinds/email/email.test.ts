import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openUnsubscribe } from '../../links.ts';
import { facts, NOON, OPTIONS, sendVia, tools } from '../../testing/fixtures.ts';
import { type SmtpReceiver, startSmtpReceiver } from '../../testing/receivers.ts';
import { email } from './email.ts';
import { attachable, headerOf } from './eml.ts';

const VALUE = { value: 'ops@example.org', up: true, down: true };

let smtp: SmtpReceiver;
beforeEach(async () => {
  smtp = await startSmtpReceiver();
});
afterEach(() => smtp.close());

function mailTools(changes: object = {}) {
  return tools({ email: { ...OPTIONS.email, host: '127.0.0.1', port: smtp.port, ...changes } });
}

/** Header lines unfolded, and the parts decoded from quoted-printable or base64. */
function read(raw: string) {
  const [head, ...rest] = raw.split('\r\n\r\n');
  const headers = head!.replace(/\r\n[ \t]+/g, ' ').split('\r\n');
  const body = rest.join('\r\n\r\n');
  const boundary = /boundary="([^"]+)"/.exec(raw.replace(/\r\n[ \t]+/g, ' '))?.[1];
  const parts = (boundary ? body.split(`--${boundary}`).slice(1, -1) : []).map((part) => {
    const [partHead, ...content] = part.trimStart().split('\r\n\r\n');
    const text = content.join('\r\n\r\n');
    if (/quoted-printable/i.test(partHead!)) {
      const bytes = text
        .replace(/=\r\n/g, '')
        .replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
      return Buffer.from(bytes, 'latin1').toString('utf8');
    }
    return /base64/i.test(partHead!) ? Buffer.from(text, 'base64').toString('utf8') : text;
  });
  return {
    header: (name: string) => headers.find((h) => h.toLowerCase().startsWith(`${name}:`))?.slice(name.length + 2),
    parts,
  };
}

async function send(about = facts('email'), more = {}, changes = {}) {
  const with_ = mailTools(changes);
  const result = await sendVia(about, VALUE, with_, more);
  with_.mailer.close();
  return result;
}

test('envelope and headers', async () => {
  const about = facts('email', { channel: { emailVerified: true } });
  expect(await send(about)).toMatchObject({ result: 'sent' });
  const [mail] = smtp.mails;
  expect(mail).toMatchObject({ from: 'watch@example.org', to: ['ops@example.org'] });
  const { header } = read(mail!.raw);
  expect(header('subject')).toBe('DOWN | Nightly <dump>');
  expect(header('from')).toBe('Watch <watch@example.org>');
  expect(header('to')).toBe('ops@example.org');
  expect(header('message-id')).toBe(`<${about.deliveryId}@example.org>`);
  expect(header('list-unsubscribe-post')).toBe('List-Unsubscribe=One-Click');
  const link = /^<https:\/\/site\.test\/integrations\/([^/]+)\/unsub\/([^/]+)\/>$/.exec(header('list-unsubscribe')!);
  expect(link![1]).toBe(about.channel.code);
  expect(openUnsubscribe('secret', about.channel.code, link![2]!)).toEqual({ signedAt: NOON + 60_000 });
  expect(openUnsubscribe('secret', 'bbbbbbbb-bbbb-4ccc-8ddd-eeeeeeeeeeee', link![2]!)).toBeNull();
  expect(openUnsubscribe('other', about.channel.code, link![2]!)).toBeNull();
  expect(header('references')).toBeUndefined();
});

test('the envelope sender carries the bounce id when there is a template for it', async () => {
  await send(facts('email'), {}, { mailFromTemplate: '%s@bounces.example.org' });
  expect(smtp.mails[0]!.from).toMatch(
    /^n\.11111111-2222-4333-8444-555555555555\.[0-9a-f]+\.[0-9a-f]{16}@bounces\.example\.org$/,
  );
  expect(smtp.mails[0]!.from.split('@')[0]!.length).toBeLessThanOrEqual(64);
});

test('the text part', async () => {
  await send(facts('email', { flip: { reason: 'timeout' } }), { body: Buffer.from(`${'word '.repeat(30)}end`) });
  const [text] = read(smtp.mails[0]!.raw).parts;
  expect(
    text!
      .replace(/\r\n/g, '\n')
      .replace(/unsub\/.*/, 'unsub/…')
      .trimEnd(),
  ).toBe(`"Nightly <dump>" has gone DOWN.
Reason: success signal did not arrive on time, grace time passed.

View details:
https://site.test/cloaked/955b78bc083f8d6749657a297ac0d28c3251a043/

Description
-----------
pg_dump & upload

Project: Backups & more
Tags: db prod
Period: 1 day
Total Pings: 412 (since Thu, 22 Oct 2026 15:00:00 +0300)
Last Ping: 1 day, 1 hour ago, from 192.0.2.7
Last Ping Type: Success
Status Change: Sat, 21 Nov 2026 14:00:00 +0200

Last Ping Body
--------------
word word word word word word word word word word word word word word word word
word word word word word word word word word word word word word word end

--
Watch
Unsubscribe: https://site.test/integrations/aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee/unsub/…`);
  expect(smtp.mails[0]!.raw).not.toContain(facts('email').check.code);
});

test('the HTML part escapes what people entered', async () => {
  await send(facts('email', { check: { desc: '<script>\nalert(1)' } }), { body: Buffer.from('<b>&') });
  const [, html] = read(smtp.mails[0]!.raw).parts;
  expect(html).toContain('“Nightly &lt;dump>” is');
  expect(html).toContain('&lt;script>');
  expect(html).not.toContain('<script>');
  expect(html).toContain('&lt;b>&amp;');
  expect(html).toContain('Backups &amp; more');
  expect(html).toContain('<code');
});

test('up: how long it was down', async () => {
  await send(facts('email', { flip: { newStatus: 'up', oldStatus: 'down', reason: '' }, downSince: NOON - 3_723_000 }));
  const { header, parts } = read(smtp.mails[0]!.raw);
  expect(header('subject')).toBe('UP | Nightly <dump>');
  expect(parts[0]).toContain('Total downtime: 1 hour, 2 minutes.');
});

test('cron checks: schedule and zone; the account of the address: its zone and projects', async () => {
  await send(facts('email', { check: { kind: 'cron' }, lastPing: null }), {
    account: {
      tz: 'America/New_York',
      projects: [
        { code: 'p1', name: 'Alpha', down: 1 },
        { code: 'p2', name: 'Beta', down: 0 },
      ],
    },
  });
  const [text] = read(smtp.mails[0]!.raw).parts;
  expect(text).toContain('Schedule: 30 2 * * *\r\nTime Zone: Europe/Riga');
  expect(text).toContain('Status Change: Sat, 21 Nov 2026 07:00:00 -0500');
  expect(text).toContain('Alpha: 1 check down');
  expect(text).toContain('Beta: all checks up');
  expect(text).not.toContain('Last Ping');
});

test('an account whose time zone is no more is told in UTC', async () => {
  await send(facts('email'), { account: { tz: 'Mars/Base', projects: [] } });
  expect(read(smtp.mails[0]!.raw).parts[0]).toContain('Status Change: Sat, 21 Nov 2026 12:00:00 +0000');
});

test('a body longer than 10,000 characters: its end, and a note', async () => {
  await send(facts('email'), { body: Buffer.from(`start${'x'.repeat(10_000)}`) });
  const [text, html] = read(smtp.mails[0]!.raw).parts;
  expect(html).toMatch(/href="[^"]*\/cloaked\/[0-9a-f]{40}\/#ping-412"/);
  expect(text).toContain('Showing the last 10000 bytes of 10005 bytes total.');
  expect(text).not.toContain('start');
});

test('a ping that came by e-mail is attached', async () => {
  await send(facts('email', { lastPing: { scheme: 'email' } }), {
    body: Buffer.from('Subject: =?utf-8?q?Backup_d=C5=8Dne?=\r\nFrom: cron@example.org\r\n\r\nall good'),
  });
  const { raw } = smtp.mails[0]!;
  expect(raw).toContain('message/rfc822');
  expect(raw).toContain('Content-Disposition: attachment; filename=last-ping.eml');
  expect(raw).toContain('all good');
  expect(raw.replace(/=\r\n/g, '')).toMatch(/Last Ping Subject: Backup d=C5=8Dne/);
});

test('messages attached to it are not attached again; a subject in bare UTF-8 is read', () => {
  const part = (type: string, text: string) => `--=_x\r\nContent-Type: ${type}\r\n\r\n${text}\r\n`;
  const head = 'Subject: Kåre\r\nContent-Type: multipart/mixed;\r\n boundary="=_x"\r\n\r\npreamble\r\n';
  const [one, inner, two] = [
    part('text/plain', 'one'),
    part('Message/RFC822', 'Subject: inner'),
    part('text/html', '2'),
  ];
  for (const end of ['--=_x--\r\n', '']) {
    expect(attachable(Buffer.from(head + one + inner + two + end)).toString()).toBe(head + one + two + end);
  }
  const plain = Buffer.from(`Subject: Kåre\r\n\r\n${inner}`);
  expect(attachable(plain)).toEqual(plain);
  expect(headerOf(plain, 'subject')).toBe('Kåre');
});

test('an attached ping has no line that SMTP cannot carry, and no character is cut', () => {
  for (const text of ['x'.repeat(2500), `x${'日'.repeat(1000)}`, '\u0085'.repeat(3000), 'x'.repeat(998), '']) {
    const lines = attachable(Buffer.from(`Subject: y\n\n${text}`))
      .toString()
      .split('\r\n')
      .slice(2);
    expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBeLessThanOrEqual(998);
    expect(lines.join('')).toBe(text);
  }
  const bytes = Buffer.alloc(2000, 0x85);
  expect(attachable(bytes).filter((byte) => byte === 0x85)).toHaveLength(2000);
});

test('long lines are wrapped, but not an address in them', async () => {
  const address = `https://example.org/${'x'.repeat(100)}`;
  await send(facts('email'), { body: Buffer.from(`${'word '.repeat(20)}${address} after`) });
  const [text] = read(smtp.mails[0]!.raw).parts;
  expect(text!.replaceAll('\r\n', '\n')).toContain(
    `\n${'word '.repeat(15).trim()} word\nword word word word\n${address}\nafter\n`,
  );
});

test('a subject cannot add headers', async () => {
  await send(facts('email', { check: { name: 'a\r\nBcc: evil@example.org' } }));
  expect(smtp.mails[0]!.to).toEqual(['ops@example.org']);
  expect(read(smtp.mails[0]!.raw).header('bcc')).toBeUndefined();
});

test('an unverified address gets nothing', async () => {
  expect(await send(facts('email', { channel: { emailVerified: false } }))).toEqual({
    result: 'failed',
    error: 'Email not verified',
    disable: false,
  });
  expect(smtp.mails).toHaveLength(0);
});

describe('what the mail server says', () => {
  function refusing(where: 'onRcptTo' | 'onMailFrom', responseCode: number, message: string) {
    return startSmtpReceiver({
      [where]: (_address: unknown, _session: unknown, done: (error: Error) => void) =>
        done(Object.assign(new Error(message), { responseCode })),
    });
  }
  test.each([
    ['onRcptTo', 550, '5.1.1 No such user', 'failed', true],
    ['onRcptTo', 550, 'mailbox unavailable', 'failed', true],
    ['onRcptTo', 550, '5.2.1 mailbox disabled', 'failed', true],
    ['onRcptTo', 554, '5.7.1 Relay access denied', 'failed', false],
    ['onRcptTo', 550, 'relaying denied', 'failed', false],
    // Servers that look at the sender only when they hear of a recipient: it is our address that is wrong.
    ['onRcptTo', 550, '5.1.0 Address rejected', 'failed', false],
    ['onRcptTo', 550, '5.1.7 Invalid address', 'failed', false],
    ['onRcptTo', 550, '5.1.8 Domain of address does not exist', 'failed', false],
    ['onRcptTo', 550, '5.1.1 Sender address rejected: User unknown', 'failed', false],
    ['onRcptTo', 550, 'Sender verify failed', 'failed', false],
    ['onRcptTo', 553, 'Return-path domain does not exist', 'failed', false],
    ['onRcptTo', 550, 'no such envelope-from mailbox', 'failed', false],
    ['onRcptTo', 550, '5.1.1 <sender-list@example.org>: Recipient address rejected', 'failed', true],
    ['onRcptTo', 550, '5.1.1 Account removed from our system', 'failed', true],
    ['onRcptTo', 452, '4.2.2 mailbox full', 'retry', undefined],
    ['onMailFrom', 550, '5.7.1 sender rejected', 'failed', false],
    ['onMailFrom', 421, '4.3.2 try later', 'retry', undefined],
  ] as const)('%s: %i %s', async (where, code, text, result, disable) => {
    await smtp.close();
    smtp = await refusing(where, code, text);
    const outcome = await send();
    expect(outcome).toMatchObject({ result, error: expect.stringContaining(`SMTP error: ${code} ${text}`) });
    expect((outcome as { disable?: boolean }).disable).toBe(disable);
  });

  test('away: another attempt, and nothing else is tried meanwhile', async () => {
    const { port } = smtp;
    await smtp.close();
    const outcome = await send(facts('email'), {}, { port });
    expect(outcome).toMatchObject({ result: 'retry', unreachable: true, error: expect.stringContaining('SMTP error') });
    smtp = await startSmtpReceiver();
  });

  test('the password is wrong: it concerns the server, not this address', async () => {
    await smtp.close();
    smtp = await startSmtpReceiver({
      authOptional: false,
      onAuth: (_auth, _session, done) => done(new Error('Invalid username or password')),
    });
    const outcome = await send(facts('email'), {}, { user: 'me', password: 'wrong' });
    expect(outcome).toMatchObject({ result: 'retry', unreachable: true });
  });

  test('none is configured', async () => {
    expect(await send(facts('email'), {}, { host: '' })).toMatchObject({ result: 'failed', disable: false });
  });
});

describe('the form', () => {
  test.each([
    [
      { value: ' ops@example.org ', down: 'on', up: '' },
      { value: 'ops@example.org', down: true, up: false },
    ],
    [
      { value: 'a@localhost', down: '0', up: 'False' },
      { value: 'a@localhost', down: true, up: false },
    ],
  ])('%j', (input, value) => {
    expect(email.form!.parse(input)).toEqual({ ok: true, value });
  });
  test.each([
    [{ value: 'ops', down: 'on' }, { value: 'Enter a valid email address.' }],
    [{ value: 'a@b, c@d', down: 'on' }, { value: 'Enter a valid email address.' }],
    [{ value: `${'x'.repeat(100)}@example.org`, down: 'on' }, { value: 'Enter a valid email address.' }],
    [{ value: 'ops@example.org' }, { down: 'Please select at least one.' }],
  ])('%j is refused', (input, errors) => {
    expect(email.form!.parse(input)).toEqual({ ok: false, errors });
  });
  test('a plain address is how the original once stored it', () => {
    expect(email.schema.parse('ops@example.org')).toEqual(VALUE);
  });
});
