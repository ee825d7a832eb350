import { createVerify, generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { facts, NOON, StandInClient, sendVia, tools } from '../../testing/fixtures.ts';
import { type HttpReceiver, startHttpReceiver } from '../../testing/receivers.ts';

const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
const privateKey = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const VALUE = { installation_id: 42, repo: 'acme/ops', labels: ['bug'] };

let receiver: HttpReceiver;
beforeEach(async () => {
  receiver = await startHttpReceiver();
  receiver.answer = (request, response) =>
    response.writeHead(201).end(request.url.includes('access_tokens') ? '{"token":"INSTALLATION"}' : '{}');
});
afterEach(() => receiver.close());

async function send() {
  const http = new StandInClient(receiver.url);
  const with_ = { ...tools({ github: { clientId: 'CLIENT', privateKey } }), http };
  try {
    return await sendVia(facts('github'), VALUE, with_, { body: Buffer.from('boom') });
  } finally {
    await http.close();
  }
}

test('an issue, with a token for which the app signed', async () => {
  expect(await send()).toMatchObject({ result: 'sent' });
  const [token, issue] = receiver.requests;
  expect(token).toMatchObject({
    url: '/app/installations/42/access_tokens',
    headers: { for: 'https://api.github.com' },
  });
  const [head, payload, signature] = token!.headers.authorization!.replace('Bearer ', '').split('.');
  expect(createVerify('RSA-SHA256').update(`${head}.${payload}`).verify(keys.publicKey, signature!, 'base64url')).toBe(
    true,
  );
  expect(JSON.parse(Buffer.from(payload!, 'base64url').toString())).toEqual({
    iat: NOON / 1000 + 60,
    exp: NOON / 1000 + 660,
    iss: 'CLIENT',
  });
  expect(issue).toMatchObject({ url: '/repos/acme/ops/issues', headers: { authorization: 'Bearer INSTALLATION' } });
  const { title, body, labels } = JSON.parse(issue!.body);
  expect(title).toBe('Nightly <dump> is DOWN');
  expect(labels).toEqual(['bug']);
  expect(body).toContain('**Tags:** `db` `prod`');
  expect(body).toMatch(/\n<pre>boom<\/pre>$/);
});

test('no access: not for good; issues switched off: for good', async () => {
  receiver.answer = (_, response) => response.writeHead(404).end();
  expect(await send()).toEqual({ result: 'failed', error: 'GitHub denied access to acme/ops', disable: false });
  receiver.answer = (request, response) =>
    request.url.includes('access_tokens')
      ? response.writeHead(201).end('{"token":"T"}')
      : response.writeHead(410).end();
  expect(await send()).toEqual({ result: 'failed', error: 'Received status code 410', disable: true });
});
