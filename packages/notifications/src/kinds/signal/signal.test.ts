import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { facts, sendVia, tools } from '../../testing/fixtures.ts';
import { signal } from './signal.ts';

let server: Server;
let address: string;
let requests: { id: string; method: string; params: { recipient: string[]; message: string; textStyle: string[] } }[];
/** Lines to answer with; null: hang up. */
let answer: (id: string) => string[];

beforeEach(async () => {
  requests = [];
  answer = (id) => [JSON.stringify({ jsonrpc: '2.0', id, result: {} })];
  server = createServer({ allowHalfOpen: true }, (socket) => {
    let text = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('end', () => {
      const request = JSON.parse(text);
      requests.push(request);
      socket.end(
        answer(request.id)
          .map((line) => `${line}\n`)
          .join(''),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.close();
});

const send = (value = '+1234567890', more = {}) =>
  sendVia(facts('signal'), { value, up: true, down: true }, tools({ signalCliSocket: address }), more);

test('the message, with bold and monospace stretches', async () => {
  expect(await send()).toMatchObject({ result: 'sent' });
  const { method, params } = requests[0]!;
  expect(method).toBe('send');
  expect(params.recipient).toEqual(['+1234567890']);
  expect(params.message).toMatch(/^The check Nightly <dump> is DOWN\.\nReason: /);
  const stretches = params.textStyle.map((style) => {
    const [start, length, kind] = style.split(':');
    return `${kind} ${params.message.slice(Number(start), Number(start) + Number(length))}`;
  });
  expect(stretches).toEqual([
    'BOLD Nightly <dump>',
    'BOLD DOWN',
    'BOLD Project: ',
    'BOLD Tags: ',
    'BOLD Period: ',
    'BOLD Total Pings: ',
    'BOLD Last Ping: ',
  ]);
});

test('plain spaces only; styles count as signal-cli does, in UTF-16', async () => {
  const about = facts('signal', { check: { name: '\u{1f680}\u00a0x' } });
  await sendVia(about, { value: '+1234567890', up: true, down: true }, tools({ signalCliSocket: address }));
  const { message, textStyle } = requests[0]!.params;
  expect(message).toMatch(/^The check \u{1f680} x is DOWN/u);
  expect(textStyle.slice(0, 2)).toEqual(['10:4:BOLD', '18:4:BOLD']);
});

test('usernames have a prefix; answers to others are passed over', async () => {
  answer = (id) => [JSON.stringify({ id: 'other', error: { code: -1 } }), JSON.stringify({ id, result: {} })];
  expect(await send('alice.42')).toMatchObject({ result: 'sent' });
  expect(requests[0]!.params.recipient).toEqual(['u:alice.42']);
});

const failure =
  (type: string, token: string | null = null) =>
  (id: string) => [JSON.stringify({ id, error: { code: -5, data: { response: { results: [{ type, token }] } } } })];
test.each([
  [
    'not known to Signal',
    failure('UNREGISTERED_FAILURE'),
    { result: 'failed', error: 'Recipient not found', disable: true },
  ],
  [
    'CAPTCHA',
    failure('RATE_LIMIT_FAILURE', 'T'),
    { result: 'failed', error: 'CAPTCHA proof required', disable: false },
  ],
  ['another error', failure('NETWORK_FAILURE'), { result: 'retry', error: 'signal-cli call failed (-5)' }],
  ['no JSON', () => ['nonsense'], { result: 'retry', error: 'signal-cli call failed (unexpected response)' }],
  ['hung up', () => [], { result: 'retry', error: 'signal-cli call failed (unexpected response)' }],
])('%s', async (_, says, result) => {
  answer = says;
  expect(await send()).toEqual(result);
});

test('signal-cli is away; not configured; too many messages', async () => {
  await new Promise((resolve) => server.close(resolve));
  expect(await send()).toMatchObject({ result: 'retry', unreachable: true });
  expect(await sendVia(facts('signal'), { value: '+1', up: true, down: true }, tools())).toMatchObject({
    error: 'Signal notifications are not enabled',
  });
  expect(await send('+1', { rateLimited: true })).toMatchObject({ error: 'Rate limit exceeded' });
});

test.each([
  [{ recipient: 'alice.42', down: 'on' }, { ok: true }],
  [{ recipient: '+1 234-5678', up: 'on' }, { ok: true }],
  [{ recipient: 'al.42', down: 'on' }, { errors: { recipient: 'Invalid username format.' } }],
  [{ recipient: '12345', down: 'on' }, { errors: { recipient: 'Invalid phone number format.' } }],
])('%j', (input, parsed) => {
  expect(signal.form!.parse(input)).toMatchObject(parsed);
});
