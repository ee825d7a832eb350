import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { facts, OPTIONS, StandInClient, sendVia, tools } from '../../testing/fixtures.ts';
import { type HttpReceiver, type SmtpReceiver, startHttpReceiver, startSmtpReceiver } from '../../testing/receivers.ts';
import { phoneInput } from './phone.ts';
import { sms } from './sms.ts';

let database: TestDatabase;
let receiver: HttpReceiver;
let smtp: SmtpReceiver;
let owner = 0;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  receiver = await startHttpReceiver();
  receiver.answer = (_, response) => response.writeHead(201).end('{}');
  smtp = await startSmtpReceiver();
  const [user] = await database.sql<{ id: number }[]>`
    insert into users (username, email) values (gen_random_uuid()::text, gen_random_uuid() || '@example.org') returning id`;
  owner = user!.id;
});
afterEach(async () => {
  await receiver.close();
  await smtp.close();
});

const TWILIO = {
  account: 'ACC',
  auth: 'AUTH',
  from: '+15550100',
  messagingServiceSid: null,
  whatsapp: null,
};
const WHATSAPP = { ...TWILIO, messagingServiceSid: 'MG', whatsapp: { downContentSid: 'DOWN', upContentSid: 'UP' } };
const VALUE = { value: '+1234567890', up: true, down: true };

async function send(kind: string, twilio: object = TWILIO, changes = {}) {
  const http = new StandInClient(receiver.url);
  const base = tools({
    twilio: twilio as typeof TWILIO,
    email: { ...OPTIONS.email, host: '127.0.0.1', port: smtp.port },
  });
  const project = { ownerId: owner, ownerEmail: 'owner@example.org' };
  try {
    return await sendVia(facts(kind, { project, ...changes }), VALUE, { ...base, http, sql: database.sql });
  } finally {
    base.mailer.close();
    await http.close();
  }
}
const form = () => Object.fromEntries(new URLSearchParams(receiver.requests.at(-1)!.body));
const counters = async () =>
  (await database.sql`select sms_sent, calls_sent from users where id = ${owner}`)[0] as object;

test('SMS', async () => {
  expect(await send('sms')).toMatchObject({ result: 'sent' });
  expect(receiver.requests[0]).toMatchObject({
    url: '/2010-04-01/Accounts/ACC/Messages.json',
    headers: { for: 'https://api.twilio.com', authorization: `Basic ${Buffer.from('ACC:AUTH').toString('base64')}` },
  });
  expect(form()).toEqual({
    To: '+1234567890',
    From: '+15550100',
    Body: 'Watch: The check "Nightly <dump>" is DOWN (success signal did not arrive on time, grace time passed).',
    StatusCallback: `https://site.test/api/v3/notifications/${facts('sms').deliveryId}/status`,
    RiskCheck: 'disable',
  });
  expect(await counters()).toEqual({ sms_sent: 1, calls_sent: 0 });
  await send('sms', { ...TWILIO, messagingServiceSid: 'MG' });
  expect(form()).toMatchObject({ MessagingServiceSid: 'MG' });
  expect(form().From).toBeUndefined();
});

test('WhatsApp counts with SMS; calls on their own', async () => {
  await send('whatsapp', WHATSAPP);
  expect(form()).toMatchObject({
    To: 'whatsapp:+1234567890',
    From: 'whatsapp:+15550100',
    ContentSid: 'DOWN',
    ContentVariables: '{"1":"Nightly <dump>"}',
  });
  await send('call');
  expect(receiver.requests.at(-1)!.url).toBe('/2010-04-01/Accounts/ACC/Calls.json');
  expect(form().Twiml).toBe(
    '<Response><Say>Hello! A message from Watch: The check "Nightly &lt;dump&gt;" is down.</Say></Response>',
  );
  expect(await counters()).toEqual({ sms_sent: 1, calls_sent: 1 });
});

test('at the limit nothing is sent, and the people of the project are told', async () => {
  await database.sql`update users set sms_limit = 2, sms_sent = 2, last_sms_at = now() where id = ${owner}`;
  expect(await send('sms')).toEqual({ result: 'failed', error: 'Monthly SMS limit exceeded', disable: false });
  expect(receiver.requests).toHaveLength(0);
  expect(smtp.mails[0]!.raw).toMatch(/^Subject: Monthly SMS Limit Reached/m);
  expect(smtp.mails[0]!.raw).toContain('+123******890');
  expect(await send('whatsapp', WHATSAPP)).toMatchObject({ result: 'failed', error: 'Monthly message limit exceeded' });
  expect(smtp.mails[1]!.raw).toMatch(/^Subject: Monthly WhatsApp Limit Reached/m);
  expect(smtp.mails[1]!.raw.replace(/=\r\n/g, '')).toContain('is DOWN (success signal did not arrive on time');
  // A new month begins at 0.
  await database.sql`update users set last_sms_at = date_trunc('month', now(), 'UTC') - interval '1 second' where id = ${owner}`;
  expect(await send('sms')).toMatchObject({ result: 'sent' });
  expect(await counters()).toEqual({ sms_sent: 1, calls_sent: 0 });
});

test('an invalid number is permanent; another refusal is not', async () => {
  receiver.answer = (_, response) => response.writeHead(400).end('{"code":21211}');
  expect(await send('sms')).toEqual({ result: 'failed', error: 'Invalid phone number', disable: true });
  receiver.answer = (_, response) => response.writeHead(400).end('{"code":21408}');
  expect(await send('call')).toMatchObject({ result: 'retry', error: 'Received status code 400' });
});

test('switched off', async () => {
  const off = tools();
  for (const [kind, error] of [
    ['sms', 'SMS notifications are not enabled'],
    ['call', 'Call notifications are not enabled'],
    ['whatsapp', 'WhatsApp notifications are not enabled'],
  ]) {
    expect(await sendVia(facts(kind!), VALUE, off)).toEqual({ result: 'failed', error, disable: false });
  }
});

test.each([
  [' +1 234-567 890 ', '+1234567890'],
  ['+1234\u00a05678', '+12345678'],
  ['1234567890', null],
  ['+1234', null],
  ['+1234567890123456', null],
  ['+12345abc', null],
  [undefined, null],
])('%s is the number %s', (input, number) => {
  expect(phoneInput(input)).toBe(number);
});

test('the form', () => {
  expect(sms.form!.parse({ phone: '+1 234 567 890', label: ' Alice ', down: 'on' })).toEqual({
    ok: true,
    name: 'Alice',
    value: { value: '+1234567890', down: true, up: false },
  });
  expect(sms.form!.parse({ phone: '+1 234 567 890' })).toEqual({
    ok: false,
    errors: { down: 'Please select at least one.' },
  });
  expect(sms.form!.parse({ phone: 'x', down: 'on' })).toEqual({
    ok: false,
    errors: { phone: 'Invalid phone number format.' },
  });
  expect(sms.schema.parse({ value: '+1' })).toEqual({ value: '+1', up: false, down: false });
});
