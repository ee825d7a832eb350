import { systemClock } from '@overdue/clock';
import { freePort } from '@overdue/database/testing/ports';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type HttpReceiver, startHttpReceiver } from '../testing/receivers.ts';
import { type SocksProxy, startSocksProxy } from '../testing/socks-proxy.ts';
import { HttpClient } from './client.ts';

let receiver: HttpReceiver;
let proxy: SocksProxy;
let client: HttpClient;
beforeAll(async () => {
  receiver = await startHttpReceiver();
  proxy = await startSocksProxy(receiver.port);
});
afterEach(() => client.close());
afterAll(async () => {
  proxy.close();
  await receiver.close();
});

function through(uri: string, allowPrivateAddresses = true): HttpClient {
  client = new HttpClient({ allowPrivateAddresses, httpProxy: uri, httpsProxy: uri, noProxy: [] }, systemClock);
  return client;
}

test.each([
  ['socks4', '', 'localhost:81', '4 - 127.0.0.1:81'],
  ['socks4', 'me@', '192.0.2.1', '4 me 192.0.2.1:80'],
  ['socks4a', '', 'hooks.test', '4 - hooks.test:80'],
  ['socks5', '', '192.0.2.1:8065', '5 - 192.0.2.1:8065'],
  ['socks5', 'me:p%40ss@', '192.0.2.1', '5 me:p@ss 192.0.2.1:80'],
  ['socks5h', '', 'hooks.test', '5 - hooks.test:80'],
])('%s://%s…: http://%s is asked for as %s', async (scheme, user, host, asked) => {
  proxy.asked.length = 0;
  const uri = `${scheme}://${user}127.0.0.1:${proxy.port}`;
  expect(await through(uri).call({ url: `http://${host}/one`, json: { a: 1 } })).toMatchObject({ result: 'sent' });
  expect(proxy.asked).toEqual([asked]);
  expect(receiver.requests.at(-1)).toMatchObject({ url: '/one', body: '{"a":1}', headers: { host } });
});

test.each(['socks4', 'socks5'])('%s: names are resolved here', async (scheme) => {
  proxy.asked.length = 0;
  const answer = await through(`${scheme}://127.0.0.1:${proxy.port}`).call({ url: 'http://nobody.invalid/' });
  expect(answer).toMatchObject({ result: 'retry', error: 'Could not resolve host' });
  expect(proxy.asked).toEqual([]);
});

test('https is spoken with the receiver, through the proxy', async () => {
  proxy.asked.length = 0;
  const answer = await through(`socks5h://127.0.0.1:${proxy.port}`).call({ url: 'https://hooks.test/' });
  // The receiver speaks http only.
  expect(answer).toMatchObject({ result: 'retry', error: 'TLS handshake failed' });
  expect(proxy.asked).toEqual(['5 - hooks.test:443']);
});

test.each(['socks4a', 'socks5h'])(
  '%s: a refusal, nobody there, and a proxy that must not be called',
  async (scheme) => {
    const uri = `${scheme}://127.0.0.1:${proxy.port}`;
    const call = (from: HttpClient) => from.call({ url: 'http://hooks.test/' });
    proxy.willing = false;
    expect(await call(through(uri))).toEqual({
      result: 'retry',
      error: 'HTTP request failed, code: 97',
      unreachable: true,
    });
    proxy.willing = true;
    expect(await call(through(`${scheme}://127.0.0.1:${await freePort()}`))).toMatchObject({
      error: 'Connection failed',
    });
    expect(await call(through(uri, false))).toMatchObject({
      error: 'Connections to private IP addresses are not allowed',
    });
  },
);
