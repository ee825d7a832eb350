/** The listener of the real service: what `startTestSite` leaves out. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { bootstrap } from '@overdue/accounts';
import { systemClock } from '@overdue/clock';
import { loadConfig } from '@overdue/config';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { freePort } from '@overdue/database/testing/ports';
import { createLogger, type RunningService } from '@overdue/observability';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWeb } from './service.ts';
import { SECRET_KEY, Visitor } from './testing.ts';

/** How long the ingester of these tests thinks. */
const THINKING_MS = 300;

let database: TestDatabase;
let ingester: Server;
let port: number;
let web: RunningService;

beforeAll(async () => {
  database = await createTestDatabase();
  ingester = createServer((req, res) => {
    req.on('end', () => globalThis.setTimeout(() => res.end('OK'), THINKING_MS)).resume();
  });
  ingester.listen(0, '127.0.0.1');
  await once(ingester, 'listening');
  port = await freePort();
  const { hosts, user, database: name } = database.target;
  web = await startWeb({
    config: loadConfig({
      SECRET_KEY,
      DATABASE_URL: `postgres://${user}@${hosts[0]!.host}:${hosts[0]!.port}/${name}?sslmode=disable`,
      LISTEN_HOST: '127.0.0.1',
      PORT: String(port),
      SITE_ROOT: `http://127.0.0.1:${port}`,
      INGESTER_URL: `http://127.0.0.1:${(ingester.address() as AddressInfo).port}`,
    }),
    clock: systemClock,
    logger: createLogger({ service: 'web', level: 'silent', format: 'json' }),
  });
});
afterAll(async () => {
  await web?.stop();
  ingester.closeAllConnections();
  ingester.close();
  await database.drop();
});

const GET = 'GET /ping/x HTTP/1.1\r\nHost: h\r\n\r\n';
const POST = 'POST /ping/x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n';

describe('a client that ends its side after the request', () => {
  it.each([
    ['GET', GET, 1],
    ['POST', `${POST}it`, 1],
    ['two at once', GET + GET, 2],
  ])('is answered, and its connection ends: %s', async (_what, text, answers) => {
    const answer = await allOf(dial().end(text));
    expect(answer.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(answers);
  });

  it.each([
    ['before a request', ''],
    ['within its head', 'GET /ping/x HTTP/1.1\r\n'],
    ['within its body', `${POST}i`],
  ])('%s is not waited for', async (_when, text) => {
    const began = performance.now();
    expect(await allOf(dial().end(text))).not.toContain('200 OK');
    expect(performance.now() - began).toBeLessThan(2000);
  });
});

it('a browser that closes a page that is told the news is told no more', async () => {
  const account = { email: 'ops@example.org', password: 'correct horse battery' };
  const { project } = await bootstrap(database, SECRET_KEY, account);
  const visitor = new Visitor(`http://127.0.0.1:${port}`);
  await visitor.signIn(account.email, account.password);
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const page = dial();
  const lines = [`GET /projects/${project.code}/checks/status/ HTTP/1.1`, 'Host: 127.0.0.1', `Cookie: ${cookie}`];
  page.write(`${[...lines, 'Accept: text/event-stream'].join('\r\n')}\r\n\r\n`);
  expect(String((await once(page, 'data'))[0])).toContain('text/event-stream');
  const began = performance.now();
  await allOf(page.end());
  expect(performance.now() - began).toBeLessThan(2000);
});

it('draining waits for whom it owes an answer, also half-open, and for nobody else', async () => {
  const idle = dial();
  idle.write(GET);
  await once(idle, 'data');
  const halfOpen = allOf(dial().end(GET));
  await setTimeout(THINKING_MS / 3);
  const began = performance.now();
  await web.drain!();
  expect(performance.now() - began).toBeLessThan(1500);
  expect(await halfOpen).toContain('200 OK');
  expect(await allOf(idle)).toBe('');
});

function dial(): Socket {
  return connect({ port, host: '127.0.0.1', allowHalfOpen: true });
}

/** What comes until the other side ends. */
async function allOf(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket.setEncoding('latin1')) text += chunk;
  return text;
}
