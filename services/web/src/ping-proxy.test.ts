import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestSite, type TestSite } from './testing.ts';

let database: TestDatabase;
let ingester: Server;
let url: string;
let site: TestSite;
const received: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  ingester = createServer(async (req, res) => {
    // As the ingester: these are judged before the body.
    if (req.url!.startsWith('/ping/nowhere')) return void res.writeHead(400).end('invalid url format');
    if (Number(req.headers['content-length']) > 2_621_440) return void res.writeHead(400).end('too large');
    let body = '';
    try {
      for await (const chunk of req) body += chunk;
    } catch {
      return; // The proxy hung up.
    }
    if (body.length > 2_621_440) return void res.writeHead(400).end('too large');
    received.push({ method: req.method!, url: req.url!, headers: req.headers, body });
    res.writeHead(req.url!.includes('missing') ? 404 : 200, {
      'Ping-Body-Limit': '10000',
      'Content-Type': 'text/plain',
    });
    res.end('OK');
  });
  ingester.listen(0, '127.0.0.1');
  await once(ingester, 'listening');
  url = `http://127.0.0.1:${(ingester.address() as AddressInfo).port}`;
  site = await startTestSite(database, { env: { INGESTER_URL: url } });
});
afterAll(async () => {
  await site.close();
  ingester.closeAllConnections();
  ingester.close();
  await database.drop();
});

describe('/ping/', () => {
  it('hands a ping on as it is, with who sent it, and the answer back', async () => {
    const response = await fetch(`${site.url}/ping/7c93d1f0-0000-4000-8000-000000000000/fail?rid=x%20y`, {
      method: 'POST',
      body: 'it broke',
      headers: { 'user-agent': 'job/1', host: 'evil.example' },
    });
    expect([response.status, await response.text()]).toEqual([200, 'OK']);
    expect(response.headers.get('ping-body-limit')).toBe('10000');
    expect(response.headers.get('set-cookie')).toBeNull();
    expect(received.at(-1)).toMatchObject({
      method: 'POST',
      url: '/ping/7c93d1f0-0000-4000-8000-000000000000/fail?rid=x%20y',
      body: 'it broke',
      headers: { 'user-agent': 'job/1', 'x-forwarded-for': '127.0.0.1' },
    });
  });

  it('believes a proxy in front about the client, and hands HEAD and errors on', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.9, 198.51.100.7', 'x-forwarded-proto': 'https' };
    const response = await fetch(`${site.url}/ping/missing`, { method: 'HEAD', headers });
    expect(response.status).toBe(404);
    expect(received.at(-1)).toMatchObject({ method: 'HEAD', headers });
  });

  it('leaves it to the ingester to read Forwarded, which counts there when there is no X-Forwarded-For', async () => {
    const forwarded = 'for="[2001:db8::1]:4711";proto=https';
    await fetch(`${site.url}/ping/x`, { headers: { forwarded } });
    const { headers } = received.at(-1)!;
    expect(headers.forwarded).toBe(forwarded);
    expect(Object.keys(headers).filter((name) => name.startsWith('x-'))).toEqual([]);
  });

  it('believes nobody else about the client', async () => {
    const site = await startTestSite(database, { env: { INGESTER_URL: url, TRUSTED_PROXIES: '192.0.2.1' } });
    const lies = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https', forwarded: 'for=203.0.113.9' };
    await fetch(`${site.url}/ping/x`, { headers: lies });
    const { headers } = received.at(-1)!;
    expect(Object.entries(headers).filter(([name]) => name.includes('forwarded'))).toEqual([
      ['x-forwarded-for', '127.0.0.1'],
    ]);
    await site.close();
  });

  it('hands on only the headers that the ingester reads, because it takes so many and no odd names', async () => {
    const many = Object.fromEntries(Array.from({ length: 96 }, (_, i) => [`X-Job-${i}`, 'value']));
    await fetch(`${site.url}/ping/x`, {
      method: 'POST',
      body: 'text',
      headers: { X_Job: '7', cookie: 'a=b', 'user-agent': 'job/1', ...many },
    });
    const { headers } = received.at(-1)!;
    expect(Object.keys(headers).sort()).toEqual([
      'connection',
      'content-length',
      'host',
      'user-agent',
      'x-forwarded-for',
    ]);
  });

  it.each([
    ['GET', '', ''],
    ['POST', 'Content-Length: 8\r\n', 'it broke'],
    ['POST', 'Transfer-Encoding: chunked\r\n', '8\r\nit broke\r\n0\r\n\r\n'],
  ])('hands on what arrived whole, also when its sender resets the connection: %s %s', async (method, header, body) => {
    const path = `/ping/reset/${method}/${header.length}`;
    for (let i = 0; i < 20; i++) await sendAndReset(`${method} ${path} HTTP/1.1\r\nHost: h\r\n${header}\r\n${body}`);
    const arrived = () => received.filter((ping) => ping.url === path);
    await vi.waitFor(() => expect(arrived()).toHaveLength(20), 5000);
    expect(new Set(arrived().map((ping) => ping.body))).toEqual(new Set([method === 'GET' ? '' : 'it broke']));
    expect(site.errors).toEqual([]);
  });

  it('hands nothing on as whole of which the end did not come', async () => {
    await sendAndReset('POST /ping/cut HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\nit b');
    await setTimeout(200);
    expect(received.filter((ping) => ping.url === '/ping/cut')).toEqual([]);
    expect(site.errors).toEqual([]);
  });

  it.each([
    ['HTTP/1.0', ['GET /ping/x/fail HTTP/1.0\r\n\r\n']],
    ['a request line in two packets', ['GET /ping', '/x/fail HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n']],
    ['an absolute target', ['GET http://h/ping/x/fail HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n']],
  ])('takes from old clients what the ingester does not: %s', async (_what, pieces) => {
    const socket = connect(Number(new URL(site.url).port), '127.0.0.1');
    socket.setNoDelay();
    for (const piece of pieces) {
      socket.write(piece);
      await setTimeout(50);
    }
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\nOK/);
    expect(received.at(-1)!.url).toBe('/ping/x/fail');
  });

  it.each(['/ping/x/./', '/ping/y/../x', '/ping/x/%2e', "/ping/x?a='b'", '/ping/x|y'])(
    'leaves the path as it is, for the ingester to judge: %s',
    async (path) => {
      const socket = connect(Number(new URL(site.url).port), '127.0.0.1');
      socket.write(`GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
      for await (const chunk of socket) expect(String(chunk)).toMatch(/^HTTP\/1\.1 200 OK/);
      expect(received.at(-1)!.url).toBe(path);
    },
  );

  it('needs no session, no token and no allowed host name', async () => {
    const response = await site
      .visitor()
      .post('/ping/x', {}, { host: 'other.example', origin: 'https://evil.example' });
    expect(response.status).toBe(200);
  });

  it.each(['declared', 'chunked'])(
    'answers 400 to a body that is too long (%s), not that no ingester is there',
    async (how) => {
      const chunk = new Uint8Array(2_621_440 / 40);
      const send = (chunks: number, rest: number) => {
        if (how === 'declared')
          return fetch(`${site.url}/ping/x`, { method: 'POST', body: new Uint8Array(chunks * chunk.length + rest) });
        async function* body() {
          for (let i = 0; i < chunks; i++) yield chunk;
          if (rest > 0) yield new Uint8Array(rest);
        }
        return fetch(`${site.url}/ping/x`, { method: 'POST', body: body(), duplex: 'half' } as object);
      };
      expect((await send(40, 0)).status).toBe(200);
      expect(received.at(-1)!.body.length).toBe(2_621_440);
      expect((await send(40, 1)).status).toBe(400);
    },
  );

  it.each(['declared', 'chunked'])('leaves the address of such a ping to the ingester (%s)', async (how) => {
    const whole = Buffer.alloc(3_000_000);
    for (let i = 0; i < 10; i++) {
      const body = how === 'declared' ? whole : new Blob([whole]).stream();
      const response = await fetch(`${site.url}/ping/nowhere`, { method: 'POST', body, duplex: 'half' } as object);
      expect([response.status, await response.text()]).toEqual([400, 'invalid url format']);
    }
  });

  it.each(['declared', 'chunked'])('refuses a body itself at which the ingester would hang up (%s)', async (how) => {
    const whole = Buffer.alloc((64 << 20) + 1);
    const body = how === 'declared' ? whole : new Blob([whole]).stream();
    const response = await fetch(`${site.url}/ping/x`, { method: 'POST', body, duplex: 'half' } as object);
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('The body is too large.')]);
  });

  it('answers 503 with Retry-After when no ingester is there', async () => {
    const alone = await startTestSite(database, { env: { INGESTER_URL: 'http://127.0.0.1:9' } });
    for (const body of ['kept by the client', Buffer.alloc(3_000_000)]) {
      const response = await fetch(`${alone.url}/ping/x`, { method: 'POST', body });
      expect([response.status, await response.text()]).toEqual([503, 'ingester not reachable']);
      expect(response.headers.get('retry-after')).toBe('5');
    }
    await alone.close();
  });
});

/** Sends this in one packet and goes, so that its answer could not be sent. */
async function sendAndReset(text: string): Promise<void> {
  const socket = connect(Number(new URL(site.url).port), '127.0.0.1');
  await once(socket, 'connect');
  await new Promise<unknown>((resolve) => socket.write(text, resolve));
  socket.resetAndDestroy();
}
