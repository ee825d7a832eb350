import { connect } from 'node:net';
import { type CheckRules, NO_RULES } from '@overdue/pings';
import { createTransport } from 'nodemailer';
import { afterEach, describe, expect, test } from 'vitest';
import type { SmtpListenerOptions } from './index.ts';
import { DOMAIN, type Fixture, KEY, OTHER, startFixture, UUID } from './testing.ts';

const fixtures: Fixture[] = [];
async function start(options: Partial<SmtpListenerOptions> = {}): Promise<Fixture> {
  const fixture = await startFixture(options);
  fixtures.push(fixture);
  return fixture;
}
afterEach(async () => {
  await Promise.all(fixtures.splice(0).map((fixture) => fixture.listener.stop()));
});

const ok = `${UUID}@${DOMAIN}`;
const message = 'Subject: done\r\nFrom: cron@host.test\r\n\r\nbody';

describe('what is recorded', () => {
  test('a message as it came', async () => {
    const { client, target, log } = await start();
    const session = await client();
    await session.envelope([`${UUID.toUpperCase()}@${DOMAIN}`]);
    expect(await session.data(message)).toBe('250 OK');
    const [ping] = target.seen;
    expect(ping).toMatchObject({
      address: { code: UUID },
      action: 'success',
      kind: 'success',
      exitStatus: null,
      rid: null,
      create: false,
      scheme: 'email',
      method: '',
      remoteAddr: '127.0.0.1',
      ua: 'Email from cron@host.test',
    });
    expect(ping?.body?.toString()).toBe(`${message}\r\n`);
    expect(log).toContain(`Processed ping for ${UUID.toUpperCase()}@${DOMAIN}`);
    session.close();
  });

  test('the null sender, and a long one', async () => {
    const { client, target } = await start();
    const session = await client();
    for (const sender of ['', 'x'.repeat(300)]) {
      await session.envelope([ok], sender);
      expect(await session.data(message)).toBe('250 OK');
    }
    expect(target.seen[0]?.ua).toBe('Email from <>');
    expect(target.seen[1]?.ua).toBe(`Email from ${'x'.repeat(189)}`);
    session.close();
  });

  test.each<[string, Buffer | string, string]>([
    ['dots', '..\r\n..one\r\n...two\r\n.. \r\na.', '.\r\n.one\r\n..two\r\n. \r\na.\r\n'],
    ['eight bits', Buffer.from('\xff\xfe\x80\0', 'latin1'), '\xff\xfe\x80\0\r\n'],
    ['a long line', 'x'.repeat(100_000), `${'x'.repeat(100_000)}\r\n`],
    ['nothing but a line', '', '\r\n'],
    ['a bare line feed and a dot are content', 'a\n.\nb', 'a\n.\nb\r\n'],
  ])('%s', async (_name, sent, expected) => {
    const { client, target } = await start();
    const session = await client();
    await session.envelope([ok]);
    expect(await session.data(sent)).toBe('250 OK');
    expect(target.seen[0]?.body?.toString('latin1')).toBe(expected);
    session.close();
  });

  test('byte by byte, and pipelined', async () => {
    const { client, target } = await start();
    const session = await client();
    await session.envelope([ok]);
    expect(await session.say('DATA')).toMatch(/^354/);
    for (const byte of Buffer.from('..a\r\n\r\n..\r\n.\r\n')) {
      session.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await session.reply()).toBe('250 OK');
    session.write(`MAIL FROM:<>\r\nRCPT TO:<${ok}>\r\nDATA\r\n`);
    expect([await session.reply(), await session.reply(), await session.reply()].join()).toMatch(/^250.*,250.*,354/);
    session.write('two\r\n.\r\nNOOP\r\n');
    expect([await session.reply(), await session.reply()]).toEqual(['250 OK', '250 OK']);
    expect(target.seen.map((ping) => ping.body?.toString())).toEqual(['.a\r\n\r\n.\r\n', 'two\r\n']);
    session.close();
  });
});

test('a client that waits for no answer: two mails and the end in one go, before the greeting', async () => {
  const { client, target } = await start();
  const mail = (text: string) => `MAIL FROM:<>\r\nRCPT TO:<${ok}>\r\nDATA\r\n${text}\r\n.\r\n`;
  const session = await client(`HELO client.test\r\n${mail('one')}${mail('two')}QUIT\r\n`);
  const replies: string[] = [];
  for (let reply = await session.reply(); reply !== 'closed'; reply = await session.reply()) replies.push(reply);
  expect(replies.map((reply) => reply.slice(0, 3)).join(' ')).toBe('250 250 250 354 250 250 250 354 250 221');
  expect(target.seen.map((ping) => ping.body?.toString())).toEqual(['one\r\n', 'two\r\n']);
});

describe('recipients', () => {
  test('in order, each by itself, also the same one again', async () => {
    const { client, target, log } = await start();
    const lower = `${KEY.toLowerCase()}+backup@${DOMAIN}`;
    const upper = `${KEY.toUpperCase()}+backup@${DOMAIN}`;
    target.outcome = ({ address }) =>
      'code' in address
        ? address.code === OTHER
          ? 'unknown'
          : 'recorded'
        : address.pingKey === KEY.toLowerCase()
          ? 'ambiguous'
          : 'recorded';
    const session = await client();
    const all = [ok, `${OTHER}@${DOMAIN}`, ok, lower, ok, upper];
    await session.envelope(all);
    expect(await session.say('RCPT TO:<nobody@ping.test>')).toMatch(/^550/);
    expect(await session.data(message)).toBe('250 OK');
    expect(target.seen.map((ping) => ping.address)).toEqual([
      { code: UUID },
      { code: OTHER },
      { code: UUID },
      { pingKey: KEY.toLowerCase(), slug: 'backup' },
      { code: UUID },
      { pingKey: KEY.toUpperCase(), slug: 'backup' },
    ]);
    expect(log).toEqual([
      `Processed ping for ${ok}`,
      `Check not found: ${OTHER}@${DOMAIN}`,
      `Processed ping for ${ok}`,
      `Ambiguous slug: ${lower}`,
      `Processed ping for ${ok}`,
      `Processed ping for ${upper}`,
    ]);
    session.close();
  });

  test('a new transaction begins without those of the last', async () => {
    const { client, target } = await start();
    const session = await client();
    await session.envelope([ok]);
    await session.say('RSET');
    await session.envelope([`${OTHER}@${DOMAIN}`]);
    await session.data(message);
    await session.envelope([ok]);
    await session.data(message);
    expect(target.seen.map((ping) => ping.address)).toEqual([{ code: OTHER }, { code: UUID }]);
    session.close();
  });
});

describe('when a ping cannot be recorded', () => {
  test('250 comes after the ping is safe, not before', async () => {
    const { client, target } = await start();
    let safe!: () => void;
    target.outcome = () =>
      new Promise((resolve) => {
        safe = () => resolve('recorded');
      });
    const session = await client();
    await session.envelope([ok]);
    let replied = false;
    const reply = session.data(message).finally(() => {
      replied = true;
    });
    await expect.poll(() => target.seen.length).toBe(1);
    // A reply that comes too early needs a moment to be seen.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(replied).toBe(false);
    safe();
    expect(await reply).toBe('250 OK');
    session.close();
  });

  test('451; the second attempt goes on where the first had to stop', async () => {
    const { client, target } = await start();
    let spoolIsFull = true;
    target.outcome = ({ address }) =>
      spoolIsFull && 'code' in address && address.code === OTHER ? 'refused' : 'recorded';
    const session = await client();
    const send = async (text: string) => {
      await session.envelope([ok, `${OTHER}@${DOMAIN}`, ok]);
      return session.data(text);
    };
    expect(await send(message)).toMatch(/^451 4\.3\.0 /);
    expect(await send(message)).toMatch(/^451 4\.3\.0 /);
    spoolIsFull = false;
    expect(await send(`${message} of another mail`)).toBe('250 OK');
    target.seen.length = 0;
    expect(await send(message)).toBe('250 OK');
    expect(target.seen.map((ping) => ping.address)).toEqual([{ code: OTHER }, { code: UUID }]);
    expect(await send(message)).toBe('250 OK');
    expect(target.seen).toHaveLength(5);
    session.close();
  });
});

describe('bounds', () => {
  const limits = { messageBytes: 100_000, totalBytes: 200_000 };

  test('a message of the greatest size, and one byte more', async () => {
    const { client, target } = await start({ limits });
    const session = await client();
    await session.envelope([ok]);
    expect(await session.data('x'.repeat(limits.messageBytes - 2))).toBe('250 OK');
    expect(target.seen[0]?.body).toHaveLength(limits.messageBytes);
    await session.envelope([ok]);
    expect(await session.data('x'.repeat(limits.messageBytes - 1))).toMatch(/^552 /);
    await session.envelope([ok]);
    expect(await session.data(message)).toBe('250 OK');
    expect(target.seen).toHaveLength(2);
    session.close();
  });

  test('more at once than there is memory for: 452, and the memory comes back', async () => {
    const { client, target } = await start({ limits });
    const waiting: (() => void)[] = [];
    target.outcome = () => new Promise((resolve) => waiting.push(() => resolve('recorded')));
    const [one, two] = [await client(), await client()];
    await Promise.all([one.envelope([ok]), two.envelope([ok])]);
    const first = one.data('x'.repeat(90_000));
    await expect.poll(() => waiting.length).toBe(1);
    expect(await two.data('x'.repeat(90_000))).toMatch(/^452 /);
    waiting.pop()?.();
    expect(await first).toBe('250 OK');
    target.outcome = () => 'recorded';
    await two.envelope([ok]);
    expect(await two.data('x'.repeat(90_000))).toBe('250 OK');
    // A connection that goes away in the middle gives its memory back, too.
    await one.envelope([ok]);
    await one.say('DATA');
    one.write('x'.repeat(90_000));
    one.close();
    const again = async () => {
      await two.envelope([ok]);
      return two.data('x'.repeat(90_000));
    };
    await expect.poll(again).toBe('250 OK');
    expect(target.seen).toHaveLength(3);
    two.close();
  });

  test('silence ends a session', async () => {
    const { listener } = await start({ limits: { idleMs: 500 } });
    let said = '';
    // On a busy machine perhaps before the greeting.
    for await (const chunk of connect(listener.port, '127.0.0.1')) said += chunk;
    expect(said).toMatch(/^421 .*\r\n$/m);
  });

  test('slowness ends a session', async () => {
    const { client, target } = await start({ limits: { messageMs: 500 } });
    const slow = await client();
    await slow.envelope([ok]);
    await slow.say('DATA');
    const drip = setInterval(() => slow.write('x'), 20);
    expect(await slow.reply()).toMatch(/^421 /);
    expect(await slow.reply()).toBe('closed');
    clearInterval(drip);
    expect(target.seen).toEqual([]);
  });

  test('sessions', async () => {
    const { client } = await start({ limits: { sessions: 2 } });
    const open = [await client(), await client()];
    const third = await client();
    expect(await third.reply()).toBe('closed');
    for (const session of open) session.close();
  });
});

describe('stopping', () => {
  test('a message under way is recorded and answered; idle sessions are dismissed', async () => {
    const { listener, client, target } = await startFixture();
    const [busy, idle] = [await client(), await client()];
    target.outcome = () => new Promise((resolve) => setTimeout(() => resolve('recorded'), 100));
    await busy.envelope([ok]);
    await busy.say('DATA');
    busy.write('half of ');
    const stopped = listener.stop();
    expect(await idle.reply()).toMatch(/^421 /);
    busy.write('it\r\n.\r\n');
    expect(await busy.reply()).toBe('250 OK');
    expect(await busy.reply()).toMatch(/^421 /);
    busy.close();
    idle.close();
    await stopped;
    expect(target.seen[0]?.body?.toString()).toBe('half of it\r\n');
    await expect(client()).rejects.toThrow(/ECONNREFUSED/);
  });

  test('one that never ends is not waited for', async () => {
    const { listener, client } = await startFixture({ limits: { stopMs: 100 } });
    const busy = await client();
    await busy.envelope([ok]);
    await busy.say('DATA');
    await listener.stop();
    expect(await busy.reply()).toMatch(/^421 /);
  });
});

test('a port that is taken is said so', async () => {
  const { listener } = await start();
  await expect(start({ port: listener.port })).rejects.toThrow(/SMTPD_PORT.*already in use/);
});

describe('real mail, filtered', () => {
  const rules: CheckRules = {
    ...NO_RULES,
    filter_subject: true,
    filter_body: true,
    success_kw: ['erfolgreich über'],
    failure_kw: ['Fehler №'],
    start_kw: ['beginnt'],
  };
  test.each<[string, Parameters<ReturnType<typeof createTransport>['sendMail']>[0], string]>([
    ['subject, encoded', { subject: 'Sicherung erfolgreich über Nacht', text: 'x' }, 'success'],
    ['long subject, folded', { subject: `${'a '.repeat(60)} ä erfolgreich über Nacht`, text: 'x' }, 'success'],
    [
      'text, quoted-printable',
      { subject: 'a', text: 'ä erfolgreich über', textEncoding: 'quoted-printable' },
      'success',
    ],
    ['text, base64', { subject: 'a', text: `${'ä'.repeat(500)} erfolgreich über`, textEncoding: 'base64' }, 'success'],
    ['HTML', { subject: 'a', html: '<p>Fehler&nbsp;<b>&#8470;</b></p>'.replace('&nbsp;', ' ') }, 'fail'],
    ['both texts, failure first', { subject: 'a', text: 'erfolgreich über', html: '<i>Fehler</i> №' }, 'fail'],
    [
      'with an attachment',
      { subject: 'a', text: 'beginnt', attachments: [{ filename: 'log.txt', content: 'Fehler №' }] },
      'start',
    ],
    [
      'inline image',
      {
        subject: 'a',
        html: 'be<wbr>ginnt<img src="cid:i">',
        attachments: [{ cid: 'i', filename: 'i.png', content: 'Fehler №' }],
      },
      'start',
    ],
    ['other headers', { subject: 'a', text: 'b', headers: { 'X-Note': 'beginnt' } }, 'ign'],
  ])('%s', async (_name, mail, expected) => {
    const { listener, target } = await start();
    target.rules = () => rules;
    const transport = createTransport({ host: '127.0.0.1', port: listener.port, ignoreTLS: true });
    await transport.sendMail({ from: 'cron@host.test', to: ok, ...mail });
    transport.close();
    expect(target.seen.map((ping) => ping.kind)).toEqual([expected]);
  });
});

test('why a recipient or a mail is refused is told, for the metrics', async () => {
  const refused: string[] = [];
  const { client, target } = await start({
    onRefused: (reason) => refused.push(reason),
    limits: { recipients: 1, messageBytes: 1000 },
  });
  const session = await client();
  await session.say('EHLO client.test');
  await session.say('MAIL FROM:<a@host.test> SIZE=2000');
  await session.envelope([ok]);
  await session.say(`RCPT TO:<${UUID}@elsewhere.test>`);
  await session.say(`RCPT TO:<nobody@${DOMAIN}>`);
  await session.say(`RCPT TO:<${OTHER}@${DOMAIN}>`);
  await session.data('x'.repeat(2000));
  await session.envelope([ok]);
  target.outcome = () => 'refused';
  await session.data(message);
  expect(refused).toEqual([
    'too_big',
    'wrong_domain',
    'invalid_mailbox',
    'too_many_recipients',
    'too_big',
    'not_recorded',
  ]);
  session.close();
});
