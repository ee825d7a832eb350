import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from '@overdue/clock';
import { selfSignedCertificate } from '@overdue/database/testing/certificate';
import { freePort } from '@overdue/database/testing/ports';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startHttpProxy } from '../testing/http-proxy.ts';
import { type HttpReceiver, startHttpReceiver, startRawReceiver } from '../testing/receivers.ts';
import { asciiJson, HttpClient, permanentWhen } from './client.ts';

let receiver: HttpReceiver;
let client: HttpClient;
const OPEN = { allowPrivateAddresses: true, httpProxy: null, httpsProxy: null, noProxy: [] };

beforeEach(async () => {
  receiver = await startHttpReceiver();
  client = new HttpClient(OPEN, systemClock);
});
afterEach(async () => {
  await client.close();
  await receiver.close();
});

test.each([200, 201, 202, 204])('%i is success', async (status) => {
  receiver.answer = (_, response) => response.writeHead(status).end();
  expect(await client.call({ url: receiver.url, json: {} })).toEqual({ result: 'sent', answer: String(status) });
});

test.each([203, 205, 300, 304, 400, 404, 429, 500, 501])('%i is an error worth another attempt', async (status) => {
  receiver.answer = (_, response) => response.writeHead(status).end('no');
  expect(await client.call({ url: receiver.url, json: {} })).toEqual({
    result: 'retry',
    error: `Received status code ${status}`,
  });
});

test.each([502, 503, 504])('%i says that the receiver as a whole is in trouble', async (status) => {
  receiver.answer = (_, response) => response.writeHead(status, { 'retry-after': '7' }).end();
  expect(await client.call({ url: receiver.url, json: {} })).toEqual({
    result: 'retry',
    error: `Received status code ${status}`,
    retryAfter: 7000,
    unreachable: true,
  });
});

test('Retry-After as a date counts from the date of the answer', async () => {
  receiver.answer = (_, response) =>
    response
      .writeHead(429, { date: 'Sat, 21 Nov 2026 12:00:00 GMT', 'retry-after': 'Sat, 21 Nov 2026 12:01:30 GMT' })
      .end();
  expect(await client.call({ url: receiver.url, json: {} })).toMatchObject({ retryAfter: 90_000 });
});

test('what a kind says about an answer counts', async () => {
  receiver.answer = (_, response) => response.writeHead(404).end();
  const onError = permanentWhen((answer) => answer.status === 404);
  expect(await client.call({ url: receiver.url, json: {}, onError })).toEqual({
    result: 'failed',
    error: 'Received status code 404',
    disable: true,
  });
});

test('JSON is ASCII, forms are URL-encoded, parameters are appended', async () => {
  await client.call({ url: receiver.url, json: { name: 'žurnāls 🔥' } });
  await client.call({ url: `${receiver.url}/x?a=1`, form: { 'a b': 'c&d' }, params: { 'q r': 'ā' } });
  const [json, form] = receiver.requests;
  expect(json).toMatchObject({
    method: 'POST',
    body: '{"name":"\\u017eurn\\u0101ls \\ud83d\\udd25"}',
    headers: { 'content-type': 'application/json', 'user-agent': 'healthchecks.io' },
  });
  expect(form).toMatchObject({
    url: '/x?a=1&q+r=%C4%81',
    body: 'a+b=c%26d',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  expect(asciiJson('é')).toBe('"\\u00e9"');
});

test.each(['User-Agent', 'user-agent'])('%s of the caller replaces ours', async (name) => {
  await client.call({ url: receiver.url, headers: { [name]: 'mine' } });
  const { rawHeaders } = receiver.requests[0]!;
  expect(rawHeaders.flatMap((text, i) => (/^user-agent$/i.test(text) ? rawHeaders[i + 1] : []))).toEqual(['mine']);
});

test('header values go out as Latin-1, and cannot begin a new line', async () => {
  await client.call({ url: receiver.url, headers: { 'X-Name': 'Kåre', 'X-Evil': 'a\r\nX-Injected: b' } });
  expect(receiver.requests[0]!.headers['x-name']).toBe('Kåre');
  expect(receiver.requests[0]!.headers['x-injected']).toBeUndefined();
  expect(receiver.requests[0]!.headers['x-evil']).toBe('a  X-Injected: b');
});

test('what no request can carry is left out; everything is accepted unless said otherwise', async () => {
  await client.call({
    url: receiver.url,
    headers: { 'not a header': 'x', 'X-É': 'y', 'Content-Length': '7', 'X-Ok': 'z' },
  });
  await client.call({ url: receiver.url, headers: { accept: 'text/plain' } });
  const names = receiver.requests.map((request) => Object.keys(request.headers).sort().join(' '));
  expect(names[0]).toBe('accept connection content-length host user-agent x-ok');
  expect(receiver.requests.map((request) => request.headers.accept)).toEqual(['*/*', 'text/plain']);
});

test('an answer with long headers is an answer', async () => {
  receiver.answer = (_, response) => response.writeHead(200, { 'x-policy': 'x'.repeat(60_000) }).end();
  expect(await client.call({ url: receiver.url })).toMatchObject({ result: 'sent' });
});

test('user name and password in the address become Basic authentication', async () => {
  await client.call({ url: receiver.url.replace('://', '://me:p%40ss@') });
  expect(receiver.requests[0]!.headers.authorization).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`);
});

describe('redirects', () => {
  test('three are followed, method and body kept', async () => {
    receiver.answer = (request, response) => {
      const n = Number(request.url.slice(1) || 0);
      if (n < 3) response.writeHead([301, 302, 307][n]!, { location: `/${n + 1}` }).end();
      else response.end();
    };
    expect(await client.call({ url: `${receiver.url}/`, json: { a: 1 } })).toMatchObject({ result: 'sent' });
    expect(receiver.requests.map((r) => [r.method, r.url, r.body])).toEqual(
      ['/', '/1', '/2', '/3'].map((url) => ['POST', url, '{"a":1}']),
    );
  });

  test('a fourth is not', async () => {
    receiver.answer = (_, response) => response.writeHead(302, { location: '/again' }).end();
    expect(await client.call({ url: receiver.url, json: {} })).toMatchObject({ error: 'Too many redirects' });
    expect(receiver.requests).toHaveLength(4);
  });

  test('credentials are not handed to another host', async () => {
    const other = await startHttpReceiver();
    receiver.answer = (_, response) => response.writeHead(307, { location: other.url }).end();
    await client.call({ url: receiver.url, headers: { Authorization: 'Bearer secret', 'X-Own': '1' } });
    expect(other.requests[0]!.headers.authorization).toBeUndefined();
    expect(other.requests[0]!.headers['x-own']).toBe('1');
    await other.close();
  });

  test.each([
    [300, '/there', '/there'],
    [302, 'there?a=b#c', '/there?a=b'],
    // As servers write it: UTF-8, byte by byte.
    [302, Buffer.from('/ž?q=é').toString('latin1'), '/%C5%BE?q=%C3%A9'],
  ])('%i to %s', async (status, location, url) => {
    receiver.answer = (request, response) =>
      request.url === '/' ? response.writeHead(status, { location }).end() : response.end();
    expect(await client.call({ url: receiver.url })).toMatchObject({ result: 'sent' });
    expect(receiver.requests[1]!.url.toUpperCase()).toBe(url.toUpperCase());
  });

  test.each([
    [302, {}],
    [302, { location: '' }],
    [304, { location: '/there' }],
  ])('%i with %j is an answer', async (status, headers) => {
    receiver.answer = (_, response) => response.writeHead(status, headers).end();
    expect(await client.call({ url: receiver.url })).toMatchObject({ error: `Received status code ${status}` });
  });

  test('only http and https are followed', async () => {
    receiver.answer = (_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end();
    expect(await client.call({ url: receiver.url })).toEqual({
      result: 'failed',
      error: 'HTTP request failed, code: 1',
      disable: false,
    });
  });
});

describe('private addresses', () => {
  const guarded = () => new HttpClient({ ...OPEN, allowPrivateAddresses: false }, systemClock);
  const refused = { error: 'Connections to private IP addresses are not allowed' };

  test.each([
    'http://127.0.0.1:PORT/',
    'http://localhost:PORT/',
    'http://[::1]:PORT/',
    'http://0x7f.1:PORT/',
    'http://2130706433:PORT/',
  ])('%s is refused', async (url) => {
    client = guarded();
    expect(await client.call({ url: url.replace('PORT', String(receiver.port)) })).toMatchObject(refused);
    expect(receiver.requests).toHaveLength(0);
  });

  test('a proxy on one is refused, too', async () => {
    client = new HttpClient({ ...OPEN, allowPrivateAddresses: false, httpProxy: receiver.url }, systemClock);
    expect(await client.call({ url: 'http://example.org/' })).toMatchObject(refused);
    expect(receiver.requests).toHaveLength(0);
  });
});

describe('a proxy', () => {
  test('is asked for http receivers by address and for https ones by tunnel, but not for the hosts of no_proxy', async () => {
    const proxy = await startHttpProxy(receiver.port);
    const through = new HttpClient(
      { ...OPEN, httpProxy: proxy.address, httpsProxy: `http://${proxy.address}`, noProxy: ['127.0.0.1'] },
      systemClock,
    );
    expect(await through.call({ url: receiver.url })).toMatchObject({ result: 'sent' });
    expect(proxy.asked).toEqual([]);
    expect(await through.call({ url: 'http://hooks.test:8065/one', json: { a: 1 } })).toMatchObject({ result: 'sent' });
    expect(receiver.requests.at(-1)).toMatchObject({ body: '{"a":1}', headers: { host: 'hooks.test:8065' } });
    expect(await through.call({ url: 'https://hooks.test/two' })).toMatchObject({ result: 'retry' });
    expect(proxy.asked).toEqual(['POST http://hooks.test:8065/one', 'CONNECT hooks.test:443']);
    await through.close();
    proxy.close();
  });
});

describe('what one address does says nothing about its host', () => {
  const call = (headers = {}) => client.call({ url: `${receiver.url}/a`, headers });

  test('redirects in circles', async () => {
    receiver.answer = (_, response) => response.writeHead(302, { location: '/a' }).end();
    expect(await call()).toEqual({ result: 'retry', error: 'Too many redirects' });
  });

  test('a redirect to another host that is away, or in trouble', async () => {
    const other = await startHttpReceiver();
    receiver.answer = (_, response) => response.writeHead(302, { location: other.url }).end();
    other.answer = (_, response) => response.writeHead(503).end();
    expect(await call()).toEqual({ result: 'retry', error: 'Received status code 503' });
    await other.close();
    expect(await call()).toEqual({ result: 'retry', error: 'Connection failed' });
  });
});

describe('a body that is cut off or broken does not matter: the status says what became of the message', () => {
  const CUT = 'Transfer-Encoding: chunked\r\n\r\nff\r\nresta';
  const BROKEN = 'Transfer-Encoding: chunked\r\n\r\n5\r\nresta no chunk\r\n';
  const unavailable = { result: 'retry', error: 'Received status code 503', unreachable: true };
  test.each([
    ['503, chunked, cut', `HTTP/1.1 503 Service Unavailable\r\n${CUT}`, unavailable],
    ['503, chunked, no chunk', `HTTP/1.1 503 Service Unavailable\r\n${BROKEN}`, unavailable],
    ['503, cut', 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 99\r\n\r\nresta', unavailable],
    ['200, chunked, cut', `HTTP/1.1 200 OK\r\n${CUT}`, { result: 'sent', answer: '200' }],
    ['200, chunked, no chunk', `HTTP/1.1 200 OK\r\n${BROKEN}`, { result: 'sent', answer: '200' }],
    [
      '302, chunked, no chunk',
      `HTTP/1.1 302 Found\r\nLocation: RECEIVER\r\n${BROKEN}`,
      { result: 'sent', answer: '201' },
    ],
    ['302, chunked, cut', `HTTP/1.1 302 Found\r\nLocation: RECEIVER\r\n${CUT}`, { result: 'sent', answer: '201' }],
  ])('%s', async (_, said, result) => {
    receiver.answer = (_, response) => response.writeHead(201).end();
    const server = await startRawReceiver(said.replace('RECEIVER', receiver.url));
    expect(await client.call({ url: server.url })).toEqual(result);
    expect(receiver.requests).toHaveLength(said.includes('RECEIVER') ? 1 : 0);
    server.close();
  });

  test('what there is of it is read', async () => {
    const server = await startRawReceiver(`HTTP/1.1 400 Bad Request\r\n${CUT}`);
    expect(await client.request({ method: 'POST', url: server.url })).toMatchObject({ status: 400, body: 'resta' });
    server.close();
  });

  // The receiver most likely has what it began to confirm: it is not sent again for a day, nor is its host left alone.
  test.each([
    [200, { result: 'retry', error: 'Connection timed out', atMost: 5 }],
    [500, { result: 'retry', error: 'Received status code 500' }],
    [503, unavailable],
  ])('%i, and its body does not end', async (status, result) => {
    let timeOut = (): void => undefined;
    const clock: Clock = {
      ...systemClock,
      after: (_, callback) => {
        timeOut = callback;
        return { cancel: () => undefined };
      },
    };
    const patient = new HttpClient(OPEN, clock);
    const headersCame = () => void setImmediate(timeOut);
    subscribe('undici:request:headers', headersCame);
    receiver.answer = (_, response) => void response.writeHead(status).write('and then');
    expect(await patient.call({ url: receiver.url })).toEqual(result);
    unsubscribe('undici:request:headers', headersCame);
    await patient.close();
  });
});

describe('no answer', () => {
  test('nobody listens', async () => {
    expect(await client.call({ url: `http://127.0.0.1:${await freePort()}/` })).toEqual({
      result: 'retry',
      error: 'Connection failed',
      unreachable: true,
    });
  });

  test('no such host', async () => {
    expect(await client.call({ url: 'http://does-not-exist.invalid/' })).toMatchObject({
      error: 'Could not resolve host',
    });
  });

  test('too slow: the whole request has 30 seconds', async () => {
    const hurried: Clock = { ...systemClock, after: (delay, callback) => systemClock.after(delay / 300, callback) };
    const impatient = new HttpClient(OPEN, hurried);
    receiver.answer = () => undefined;
    expect(await impatient.call({ url: receiver.url })).toMatchObject({
      error: 'Connection timed out',
      unreachable: true,
    });
    await impatient.close();
  });

  test('hung up on', async () => {
    const server = await startRawReceiver('');
    expect(await client.call({ url: server.url })).toMatchObject({ error: 'HTTP request failed, code: 52' });
    server.close();
  });

  test.each([
    ['not HTTP', '220 mail.example.org ESMTP\r\n', {}],
    // It may well have the message: it is not sent again for a day.
    ['bare line feeds', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n', { atMost: 5 }],
    ['a header that is none', 'HTTP/1.1 200 OK\r\nX-É: y\r\n\r\n', { atMost: 5 }],
  ])('%s', async (_, said, more) => {
    const server = await startRawReceiver(said);
    const answer = { result: 'retry', error: 'HTTP request failed, code: 8', ...more };
    expect(await client.call({ url: server.url })).toEqual(answer);
    // Who answers there says nothing about whether the receiver has it.
    receiver.answer = (_, response) => response.writeHead(302, { location: server.url }).end();
    expect(await client.call({ url: receiver.url })).toEqual({ result: 'retry', error: answer.error });
    server.close();
  });

  test.each(['http://', 'http://exa mple/', 'not a url'])('%s is no address and never will be', async (url) => {
    expect(await client.call({ url })).toEqual({
      result: 'failed',
      error: 'HTTP request failed, code: 3',
      disable: false,
    });
  });
});

describe('TLS', () => {
  test('a certificate that nobody vouches for', async () => {
    const server = createServer(await selfSignedCertificate('localhost'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    expect(await client.call({ url: `https://localhost:${port}/` })).toMatchObject({ error: 'TLS handshake failed' });
    server.close();
  });

  test('a server that does not speak TLS', async () => {
    expect(await client.call({ url: receiver.url.replace('http:', 'https:') })).toMatchObject({
      error: 'TLS handshake failed',
    });
  });
});
