import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DOMAIN, type Fixture, KEY, OTHER, startFixture, UUID } from './testing.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture({ limits: { recipients: 5 } });
});
afterAll(() => fixture.listener.stop());

const ok = `${UUID}@${DOMAIN}`;

test('EHLO names what there is', async () => {
  const client = await fixture.client();
  const reply = await client.say('EHLO client.test');
  const features = reply.split('\n').map((line) => line.slice(4));
  expect(features).toEqual(expect.arrayContaining(['SIZE 33554432', '8BITMIME', 'SMTPUTF8', 'HELP']));
  expect(reply).not.toMatch(/AUTH|STARTTLS|XCLIENT/);
  expect(await client.say('HELO client.test')).toMatch(/^250 /);
  expect(await client.say('HELP')).toMatch(/^214 .*ping\.test/);
  expect(await client.say('QUIT')).toMatch(/^221 /);
  client.close();
});

describe('RCPT TO', () => {
  test.each([
    [`<${UUID}@${DOMAIN}>`, '250 OK'],
    [`<${UUID.toUpperCase()}@${DOMAIN}>`, '250 OK'],
    [`<${KEY}+backup@${DOMAIN}>`, '250 OK'],
    [`${UUID}@${DOMAIN}`, '250 OK'],
    [` <${UUID}@${DOMAIN}>  NOTIFY=NEVER`, '250 OK'],
    [`<@relay.test:${UUID}@${DOMAIN}>`, '250 OK'],
    [`<${UUID}@elsewhere.test>`, '550 5.1.1 Recipient rejected'],
    [`<${UUID}@${DOMAIN.toUpperCase()}>`, '550 5.1.1 Recipient rejected'],
    [`<${UUID}@>`, '550 5.1.1 Recipient rejected'],
    [`<nonsense@elsewhere.test>`, '550 5.1.1 Recipient rejected'],
    [`<nonsense@${DOMAIN}>`, '550 5.1.1 Invalid mailbox'],
    [`<${UUID}/start@${DOMAIN}>`, '550 5.1.1 Invalid mailbox'],
    [`<${UUID}>`, '550 5.1.1 Invalid mailbox'],
    ['<postmaster>', '550 5.1.1 Invalid mailbox'],
    ['<>', '550 5.1.1 Invalid mailbox'],
  ])('%s', async (recipient, expected) => {
    const client = await fixture.client();
    await client.say('EHLO client.test');
    expect(await client.say('MAIL FROM:<>')).toBe('250 OK');
    expect(await client.say(`RCPT TO:${recipient}`)).toBe(expected);
    client.close();
  });
});

describe('other replies', () => {
  test.each([
    ['MAIL FROM:<cron@host.test>', /^250 OK$/],
    ['MAIL FROM:<>', /^250 OK$/],
    ['MAIL FROM:<root>', /^250 OK$/],
    ['MAIL FROM:root', /^250 OK$/],
    ['MAIL FROM:<root', /^250 OK$/],
    ['MAIL FROM:<root>x', /^501 /],
    ['mail from: <cron@host.test> SIZE=33554432 BODY=8BITMIME SMTPUTF8', /^250 OK$/],
    ['MAIL FROM:<cron@host.test> SIZE=33554433', /^552 /],
    ['MAIL FROM:<cron@host.test> SIZE=many', /^501 /],
    ['MAIL FROM', /^501 /],
    ['MAIL FROM:<a\x07b>', /^501 /],
    ['RCPT TO:<x@y>', /^503 /],
    ['DATA', /^503 /],
    ['STARTTLS', /^454 /],
    ['AUTH PLAIN dGVzdAB0ZXN0AHRlc3Q=', /^538 /],
    ['VRFY root', /^252 /],
    ['XCLIENT ADDR=1.2.3.4', /^500 /],
    ['WIZ please', /^500 /],
    ['NONSENSE', /^500 /],
    ['NOOP', /^250 /],
    ['RSET', /^250 /],
  ])('%j', async (line, expected) => {
    const client = await fixture.client();
    await client.say('EHLO client.test');
    expect(await client.say(line)).toMatch(expected);
    client.close();
  });

  test('DATA when every recipient was refused', async () => {
    const client = await fixture.client();
    await client.envelope([]);
    await client.say(`RCPT TO:<x@${DOMAIN}>`);
    expect(await client.say('DATA')).toMatch(/^503 /);
    client.close();
  });

  test('a recipient too many', async () => {
    const client = await fixture.client();
    await client.envelope(Array<string>(5).fill(ok));
    expect(await client.say(`RCPT TO:<${OTHER}@${DOMAIN}>`)).toMatch(/^452 /);
    client.close();
  });

  test('endless commands end the session', async () => {
    const client = await fixture.client();
    client.write('x'.repeat(5000));
    expect(await client.reply()).toMatch(/^421 /);
    expect(await client.reply()).toBe('closed');
  });

  test('a web page that posts a form is thrown out', async () => {
    const client = await fixture.client();
    expect(await client.say('POST / HTTP/1.1')).toMatch(/^421 /);
    client.close();
  });
});
