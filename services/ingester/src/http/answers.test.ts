/** What the ping API answers and what it records of a request (ping-api.md sections 4 and 5). */
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import {
  checkOf,
  exchange,
  lineByLine,
  makeCheck,
  PING_KEY,
  pingsOf,
  type SendOptions,
  sendTo,
  useTestIngester,
} from '../testing.ts';

const t = useTestIngester();

const send = (path: string, init?: SendOptions) => sendTo(t.ingester.port, path, init);

describe('answers (section 4)', () => {
  test('headers of a recorded ping', async () => {
    const code = await makeCheck(t);
    const began = Date.now();
    const { headers } = await send(`/${code}`);
    expect(headers['ping-body-limit']).toBe('10000');
    expect(headers['access-control-allow-origin']).toBe('*');
    expect(headers['cache-control']).toBe('max-age=0, no-cache, no-store, must-revalidate, private');
    // In whole seconds, of the moment of the answer.
    expect(Date.parse(headers.expires as string)).toBeGreaterThan(began - 2000);
    expect(Date.parse(headers.expires as string)).toBeLessThanOrEqual(Date.now());
    expect(headers['content-length']).toBe('2');
    expect(headers['content-type']).toMatch(/^text\//);
  });

  test('headers of errors', async () => {
    const code = await makeCheck(t);
    for (const path of [`/${code}/256`, `/${code}?rid=x`, '/00000000-0000-0000-0000-000000000000']) {
      const { headers } = await send(path);
      expect(headers['cache-control'], path).toMatch(/no-store/);
      expect(headers.expires, path).toBeDefined();
      expect(headers['ping-body-limit'], path).toBeUndefined();
      expect(headers['access-control-allow-origin'], path).toBeUndefined();
    }
    for (const path of [`/${PING_KEY}/Upper`, `/${PING_KEY}/no-such`]) {
      expect((await send(path)).headers['cache-control'], path).toBeUndefined();
    }
  });

  test('HEAD has the length and no body', async () => {
    const code = await makeCheck(t);
    const answer = await exchange(t.ingester.port, `HEAD /${code} HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toMatch(/\r\nContent-Length: 2\r\n/i);
    expect(answer.endsWith('\r\n\r\n')).toBe(true);
    expect((await pingsOf(t, code))[0]).toMatchObject({ kind: 'success', method: 'HEAD' });
  });

  test('HEAD is answered whatever the answer, and its connection stays usable', async () => {
    const code = await makeCheck(t);
    const unknown = '00000000-0000-0000-0000-000000000000';
    const requests = ['HEAD /nope', `HEAD /${code}/log`, `HEAD /${code}/256`, `HEAD /${unknown}`, 'HEAD /K/Upper'];
    const connection = await lineByLine(t.ingester.port, [...requests, `GET /${code}/log`]);
    expect(connection.map((answer) => answer.slice(9, 12))).toEqual(['404', '200', '400', '404', '400', '200']);
    for (const answer of connection.slice(0, -1))
      expect(answer).toMatch(/\r\nContent-Length: [1-9]\d*\r\n[\s\S]*\r\n\r\n$/);
    const tooLong = `HEAD /${code} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n`;
    expect(await exchange(t.ingester.port, tooLong)).toMatch(/^HTTP\/1\.1 400 [\s\S]*\r\nConnection: close\r\n/);
    expect((await send(`/${code}/log`)).status).toBe(200);
  });

  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'REPORT', 'LONGERTHANTEN'])(
    '%s is a ping, with its body',
    async (method) => {
      const code = await makeCheck(t);
      const answer = await exchange(
        t.ingester.port,
        `${method} /${code} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nOK$/);
      const [ping] = await pingsOf(t, code);
      expect(ping).toMatchObject({ kind: 'success', method: method.slice(0, 10) });
      expect(ping!.body?.toString()).toBe('body');
    },
  );
});

describe('what is recorded (section 5)', () => {
  test.each([
    ['1.1.1.1, 2.2.2.2', '1.1.1.1'],
    ['1.1.1.1:1234', '1.1.1.1'],
    ['2001::1', '2001::1'],
    ['2001:DB8:0::0001', '2001:db8::1'],
    ['::ffff:1.1.1.1', '::ffff:1.1.1.1'],
    ['garbage', null],
    [' 1.1.1.1', '1.1.1.1'],
    ['[2001::1]:1234', '2001::1'],
    ['1.1.1.1:http', '1.1.1.1'],
    ['', null],
  ])('X-Forwarded-For: %s (P-16)', async (value, address) => {
    const code = await makeCheck(t);
    expect((await send(`/${code}`, { headers: { 'x-forwarded-for': value } })).status).toBe(200);
    expect((await pingsOf(t, code))[0]!.remote_addr).toBe(address);
  });

  test('scheme, Forwarded, user agent', async () => {
    const code = await makeCheck(t);
    await send(`/${code}`, { headers: { 'x-forwarded-proto': 'https', 'user-agent': 'x'.repeat(300) } });
    await send(`/${code}`, { headers: { 'x-forwarded-proto': 'elevenchars' } });
    await send(`/${code}`, { headers: { forwarded: 'for="[2001:db8::17]:4711";proto=https, for=1.2.3.4' } });
    await exchange(t.ingester.port, `GET /${code} HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect((await pingsOf(t, code)).map((p) => [p.scheme, p.remote_addr, p.ua.length])).toEqual([
      ['https', '127.0.0.1', 200],
      ['elevenchar', '127.0.0.1', 0],
      ['https', '2001:db8::17', 0],
      ['http', '127.0.0.1', 0],
    ]);
  });

  test('connections from two addresses, in turns: each ping is of its own', async () => {
    const code = await makeCheck(t);
    const addresses = ['127.0.0.1', '127.0.0.2'];
    const agents = addresses.map((localAddress) => new Agent({ keepAlive: true, localAddress }));
    for (const agent of [...agents, ...agents]) await send(`/${code}/log`, { agent });
    for (const agent of agents) agent.destroy();
    expect((await pingsOf(t, code)).map((ping) => ping.remote_addr)).toEqual([...addresses, ...addresses]);
  });

  test('a PROXY header is not believed, whoever sends it: HTTP headers say who the client is', async () => {
    const code = await makeCheck(t);
    const proxy = Buffer.from('0d0a0d0a000d0a515549540a2111000ccb0071070a000001c8221f41', 'hex');
    const request = Buffer.from(`GET /${code} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await exchange(t.ingester.port, Buffer.concat([proxy, request]));
    expect((await pingsOf(t, code)).map((ping) => ping.remote_addr)).toEqual(['127.0.0.1']);
  });

  test.each([
    ['Gerät 🚰 7', 'Gerät 🚰 7'],
    [`${'x'.repeat(199)}🚰!`, `${'x'.repeat(199)}\ufffd`],
    [Buffer.from('Ger\xe4t', 'latin1'), 'Gerät'],
  ])('a User-Agent in UTF-8, or else in Latin-1: %s', async (sent, ua) => {
    const code = await makeCheck(t);
    const bytes = [`GET /${code} HTTP/1.1\r\nHost: x\r\nUser-Agent: `, sent, '\r\n\r\n'].map((part) =>
      Buffer.from(part),
    );
    expect(await exchange(t.ingester.port, Buffer.concat(bytes))).toContain('200 OK');
    expect((await pingsOf(t, code))[0]!.ua).toBe(ua);
  });

  test('bodies are kept exactly, and cut', async () => {
    const code = await makeCheck(t);
    const bytes = Buffer.from([0, 255, 254, 13, 10, 0x27, 0x22, 0x5c, 0x7b, 0x7d]);
    await send(`/${code}`, { method: 'POST', body: bytes });
    await send(`/${code}`, { method: 'POST', body: Buffer.alloc(10_001, 'a') });
    await send(`/${code}`, { method: 'POST', body: Buffer.alloc(2_621_440, 'b') });
    await send(`/${code}`, { method: 'POST', body: '' });
    const pings = await pingsOf(t, code);
    expect(pings[0]!.body!.equals(bytes)).toBe(true);
    expect(pings.slice(1).map((p) => p.body?.length ?? null)).toEqual([10_000, 10_000, null]);
  });

  test('a body over the limit is refused (section 4, step 4), declared or not', async () => {
    const code = await makeCheck(t);
    const declared = await exchange(
      t.ingester.port,
      `POST /${code} HTTP/1.1\r\nHost: x\r\nContent-Length: 2621441\r\n\r\n`,
    );
    expect(declared).toMatch(/^HTTP\/1\.1 400 /);
    const chunk = `${(1 << 20).toString(16)}\r\n${'x'.repeat(1 << 20)}\r\n`;
    const chunked = await exchange(
      t.ingester.port,
      `POST /${code} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(3)}0\r\n\r\n`,
    );
    expect(chunked).toMatch(/^HTTP\/1\.1 400 /);
    expect((await checkOf(t, code)).n_pings).toBe(0);
  });

  // A client that is still writing when the connection is closed often does not see the answer, behind HAProxy above all.
  const oneMegabyte = `${(1 << 20).toString(16)}\r\n${'x'.repeat(1 << 20)}\r\n`;
  test.each([
    ['declared', `Content-Length: 3000000\r\n\r\n${'x'.repeat(3_000_000)}`],
    ['chunked', `Transfer-Encoding: chunked\r\n\r\n${oneMegabyte.repeat(3)}0\r\n\r\n`],
  ])('the rest of a body over the limit is thrown away, and the connection goes on: %s', async (_how, rest) => {
    const code = await makeCheck(t);
    const socket = connect({ port: t.ingester.port, host: '127.0.0.1' }).setEncoding('latin1');
    socket.write(`POST /${code} HTTP/1.1\r\nHost: x\r\n${rest}GET /${code}/log HTTP/1.1\r\nHost: x\r\n\r\n`);
    let text = '';
    for await (const piece of socket) {
      text += piece;
      if (text.endsWith('OK')) break;
    }
    expect(text).toMatch(/^HTTP\/1\.1 400 [\s\S]*HTTP\/1\.1 200 /);
    expect((await pingsOf(t, code)).map(({ kind }) => kind)).toEqual(['log']);
  });

  test('a chunked body that does not end is not read for ever', async () => {
    const socket = connect({ port: t.ingester.port, host: '127.0.0.1' }).on('error', () => {});
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.resume().write(`POST /${await makeCheck(t)} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`);
    const send = () => socket.write(oneMegabyte, (error) => error || send());
    send();
    await closed;
    expect(socket.bytesWritten).toBeGreaterThan(64 << 20);
  });

  test('a chunked body is put together', async () => {
    const code = await makeCheck(t);
    const bytes = `POST /${code}/log HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`;
    expect(await exchange(t.ingester.port, bytes)).toMatch(/^HTTP\/1\.1 200 /);
    expect((await pingsOf(t, code))[0]!.body?.toString()).toBe('abcde');
  });

  test('the instant of the ping is the check’s (P-22), the id is a UUIDv7 of it', async () => {
    const code = await makeCheck(t);
    await send(`/${code}/start`);
    await send(`/${code}`);
    const pings = await pingsOf(t, code);
    const check = await checkOf(t, code);
    expect(check).toMatchObject({ status: 'up', last_ping: pings[1]!.created_at, last_start: null });
    expect(check.last_duration_ms).toBe(pings[1]!.created_at - pings[0]!.created_at);
    expect(check.alert_after).toBe(pings[1]!.created_at + (86_400 + 3600) * 1000);
    expect(check.wake_at).toBeLessThanOrEqual(check.alert_after!);
  });

  test('has_confirmation_link is set and reset (P-31)', async () => {
    const code = await makeCheck(t);
    await send(`/${code}/log`, { method: 'POST', body: 'please CONFIRM' });
    expect((await checkOf(t, code)).has_confirmation_link).toBe(true);
    await send(`/${code}`);
    expect((await checkOf(t, code)).has_confirmation_link).toBe(false);
  });
});
