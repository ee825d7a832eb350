/** Hostile and broken clients: bounded cost, clear answers, never a crash. */
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkOf, makeCheck, pingsOf, raw, sendTo, startTestIngester, type TestIngester } from '../testing.ts';

let t: TestIngester;
const code = randomUUID();
beforeAll(async () => {
  t = await startTestIngester({ PING_RATE_LIMIT: '6000' });
  await t.database.sql`insert into checks (code, project_id) values (${code}, ${t.projectId})`;
});
afterAll(() => t.stop());

/** So many have come, with their heads. */
const answers = (count: number) => (text: string) =>
  (text.match(/HTTP\/1\.1 /g) ?? []).length >= count && isAnswer(text);
const isAnswer = (text: string) => text.includes('\r\n\r\n');
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
const post = (headers: string, body: string) => `POST /${code} HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${body}`;
const smuggled = get(`/${'0'.repeat(8)}-0000-0000-0000-000000000000`);

describe('requests whose end is ambiguous are refused, and their connection closed', () => {
  test.each([
    ['length and chunked', post('Content-Length: 4\r\nTransfer-Encoding: chunked', `0\r\n\r\n${smuggled}`)],
    ['two lengths', post('Content-Length: 4\r\nContent-Length: 0', `abcd${smuggled}`)],
    ['two lengths, the first empty', post('Content-Length:\r\nContent-Length: 4', `abcd${smuggled}`)],
    [
      'an encoding behind an empty length',
      post('Content-Length:\r\nTransfer-Encoding: chunked', `0\r\n\r\n${smuggled}`),
    ],
    ['an unknown encoding', post('Transfer-Encoding: xchunked', `4\r\nabcd\r\n0\r\n\r\n${smuggled}`)],
    ['two encodings', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity', `0\r\n\r\n${smuggled}`)],
    ['a negative length', post('Content-Length: -4', 'abcd')],
    ['a length with a sign', post('Content-Length: +4', 'abcd')],
    ['a length that is no number', post('Content-Length: 4x', 'abcd')],
    ['a list of lengths', post('Content-Length: 4, 4', `abcd${smuggled}`)],
    ['a length in hexadecimal', post('Content-Length: 0x4', `abcd${smuggled}`)],
    ['a length that is too large for a number', post('Content-Length: 99999999999999999999', `abcd${smuggled}`)],
    ['a tab before the encoding', post('Transfer-Encoding:\tchunked\r\nContent-Length: 4', `0\r\n\r\n${smuggled}`)],
    [
      'a chunk size that overflows',
      post('Transfer-Encoding: chunked', `10000000000000004\r\nabcd\r\n0\r\n\r\n${smuggled}`),
    ],
    ['a negative chunk size', post('Transfer-Encoding: chunked', `-4\r\nabcd\r\n0\r\n\r\n${smuggled}`)],
    ['a chunk size that is no number', post('Transfer-Encoding: chunked', 'zz\r\nabcd\r\n0\r\n\r\n')],
  ])('%s', async (_what, bytes) => {
    const before = (await checkOf(t, code)).n_pings;
    const { text, closed } = await raw(t.ingester.port, bytes);
    expect(text).toMatch(/^(HTTP\/1\.1 400 |$)/);
    expect((text.match(/HTTP\/1\.1 /g) ?? []).length).toBeLessThanOrEqual(1);
    expect(closed).toBe(true);
    expect((await checkOf(t, code)).n_pings).toBe(before);
  });
});

const chunked = `0\r\n\r\n${smuggled}`;
test.concurrent.each([
  ['a space before the colon', post('Content-Length: 0\r\nTransfer-Encoding : chunked', chunked)],
  ['an encoding that is folded', post('Transfer-Encoding:\r\n chunked', chunked)],
  ['an encoding after a bare line feed', post('X: y\nTransfer-Encoding: chunked', chunked)],
  ['an encoding after a bare carriage return', post('X: y\rTransfer-Encoding: chunked', chunked)],
  ['an encoding with a control character', post('Transfer-Encoding: \x0bchunked', chunked)],
  ['a length with a zero in its name', post('Content-Length\0: 4', `abcd${smuggled}`)],
  ['a chunk that is longer than it says', post('Transfer-Encoding: chunked', `2\r\nabcd\r\n${chunked}`)],
])('what is no header at all is no ping, nor what follows it: %s', async (_what, bytes) => {
  const mine = await makeCheck(t);
  const { text } = await raw(t.ingester.port, bytes.replaceAll(code, mine), { quietMs: 300 });
  expect(text).toMatch(/^(HTTP\/1\.1 505 |$)/);
  expect(text.match(/HTTP\/1\.1 /g)?.length ?? 0).toBeLessThanOrEqual(1);
  expect((await checkOf(t, mine)).n_pings).toBe(0);
});

test('other versions of HTTP are told so', async () => {
  for (const bytes of [
    `GET /${code} HTTP/1.0\r\n\r\n`,
    `GET /${code} HTTP/2.0\r\nHost: x\r\n\r\n`,
    '\0\x01\x02\r\n\r\n',
  ]) {
    expect((await raw(t.ingester.port, bytes, { enough: isAnswer })).text).toMatch(/^HTTP\/1\.1 505 /);
  }
});

test('pipelined requests: each answer is that of its request; the connection may end', async () => {
  const { text } = await raw(t.ingester.port, get('/nothing').repeat(3) + get(`/${code}/log`), { enough: answers(4) });
  expect(text.match(/HTTP\/1\.1 404 /g)).toHaveLength(3);
  expect(text.match(/HTTP\/1\.1 200 /g)).toHaveLength(1);
  // Pings are answered when they are committed; uWebSockets.js closes rather than answer out of order.
  const before = (await checkOf(t, code)).n_pings;
  const burst = await raw(t.ingester.port, get(`/${code}/log`).repeat(5), { enough: answers(5) });
  const answered = (burst.text.match(/HTTP\/1\.1 200 /g) ?? []).length;
  await expect.poll(() => t.ingester.intake.pending).toBe(0);
  const recorded = (await checkOf(t, code)).n_pings - before;
  expect(recorded).toBeGreaterThanOrEqual(Math.max(answered, 1));
  expect(recorded).toBeLessThanOrEqual(5);
  // Either all are answered, or the connection's end says that some are not.
  expect(answered === 5 || burst.closed).toBe(true);
  expect((await sendTo(t.ingester.port, `/${code}/log`)).status).toBe(200);
});

test('large heads end the connection, or are answered', async () => {
  for (const headers of [
    `X: ${'y'.repeat(200_000)}`,
    'X: y\r\n'.repeat(5000).trimEnd(),
    `Cookie: ${'a=b; '.repeat(20_000)}`,
  ]) {
    const request = `GET /${code}/log HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n`;
    const { text, closed } = await raw(t.ingester.port, request, { enough: isAnswer });
    expect(text).toMatch(/^(HTTP\/1\.1 (200|400|431) [\s\S]*)?$/);
    expect(closed || text !== '').toBe(true);
    expect((await sendTo(t.ingester.port, `/${code}/log`)).status).toBe(200);
  }
});

test.concurrent('a client that sends slowly holds nothing but its connection, and not for long', async () => {
  const began = Date.now();
  const ended = new Promise<void>((resolve) => {
    const socket = connect({ port: t.ingester.port, host: '127.0.0.1' });
    socket.write('GET / HTTP/1.1\r\nX: ');
    const drip = setInterval(() => socket.write('a'), 500);
    socket.on('error', () => {});
    socket.on('close', () => {
      clearInterval(drip);
      resolve();
    });
  });
  await ended;
  expect(Date.now() - began).toBeLessThan(25_000);
});

test.concurrent('a body that comes slowly is no ping before its end; when nothing more comes, its connection ends; nobody else waits', async () => {
  const mine = await makeCheck(t);
  const socket = connect({ port: t.ingester.port, host: '127.0.0.1' });
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => {});
  let answer = '';
  socket.on('data', (bytes: Buffer) => {
    answer += bytes.toString('latin1');
  });
  socket.write(`POST /${mine} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n`);
  const drip = setInterval(() => socket.write('a'), 100);
  try {
    for (let i = 0; i < 5; i++) expect((await sendTo(t.ingester.port, `/${code}/log`)).status).toBe(200);
    // Half a body is no ping.
    expect((await checkOf(t, mine)).n_pings).toBe(0);
    expect(answer).toBe('');
  } finally {
    clearInterval(drip);
  }
  // Then nothing more comes: the server does not wait for ever.
  await ended;
  expect(answer).not.toMatch(/^HTTP\/1\.1 2/);
  expect((await checkOf(t, mine)).n_pings).toBe(0);
  expect(t.ingester.intake.pending).toBe(0);
});

test.concurrent('a body that comes slowly and steadily is taken whole', async () => {
  const mine = await makeCheck(t);
  const length = 9000; // in 18 s, at 500 bytes a second: a modem, or a satellite with rain
  const socket = connect({ port: t.ingester.port, host: '127.0.0.1' });
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => {});
  socket.write(`POST /${mine}/log HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n`);
  let left = length;
  const drip = setInterval(() => {
    const piece = Math.min(left, 250);
    left -= piece;
    if (piece > 0) socket.write('a'.repeat(piece));
  }, 500);
  const answered = new Promise<string>((resolve) => socket.once('data', (bytes) => resolve(bytes.toString('latin1'))));
  try {
    expect(await Promise.race([answered, ended])).toMatch(/^HTTP\/1\.1 200 /);
  } finally {
    clearInterval(drip);
    socket.destroy();
  }
  const [ping] = await pingsOf(t, mine);
  expect(ping).toMatchObject({ kind: 'log' });
  expect(Buffer.from(ping!.body ?? '').length).toBe(length);
}, 40_000);

test('a client that leaves before its answer is no trouble; its ping counts', async () => {
  const mine = await makeCheck(t);
  for (let i = 0; i < 20; i++) {
    const socket = connect({ port: t.ingester.port, host: '127.0.0.1' });
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.write(get(`/${mine}`), () => socket.destroy());
    await new Promise((resolve) => socket.once('close', resolve));
  }
  await expect.poll(async () => (await checkOf(t, mine)).n_pings).toBeGreaterThan(0);
  expect((await sendTo(t.ingester.port, `/${mine}`)).status).toBe(200);
  await expect.poll(() => t.ingester.intake.pending).toBe(0);
});

test('a flood of one unknown address asks the database once in a while', async () => {
  const misses = async () =>
    (await t.registry.getSingleMetric('overdue_ingester_cache_misses_total')!.get()).values[0]!.value;
  const before = await misses();
  const began = performance.now();
  const unknown = randomUUID();
  for (let i = 0; i < 300; i++) expect((await sendTo(t.ingester.port, `/${unknown}`)).status).toBe(404);
  // It is remembered for two seconds.
  expect((await misses()) - before).toBeLessThanOrEqual(2 + (performance.now() - began) / 2000);
  // And when it is made, it is known within seconds.
  await t.database.sql`insert into checks (code, project_id) values (${unknown}, ${t.projectId})`;
  await expect.poll(async () => (await sendTo(t.ingester.port, `/${unknown}`)).status).toBe(200);
});

test('one client hammering one check: 429 with Retry-After past PING_RATE_LIMIT, others are not touched', async () => {
  const limited = await startTestIngester({ PING_RATE_LIMIT: '3' });
  try {
    const [a, b] = [await makeCheck(limited), await makeCheck(limited)];
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) statuses.push((await sendTo(limited.ingester.port, `/${a}`)).status);
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
    expect((await sendTo(limited.ingester.port, `/${a}`)).headers['retry-after']).toBe('20');
    expect((await sendTo(limited.ingester.port, `/${b}`)).status).toBe(200);
    expect(await pingsOf(limited, a)).toHaveLength(3);
  } finally {
    await limited.stop();
  }
});

test('any bytes: no crash, and nothing is recorded that was not asked for', async () => {
  const token = fc.constantFrom(
    'GET ',
    'POST ',
    'OPTIONS ',
    `/${code}`,
    `/${code}/log`,
    '/ping/',
    '%00',
    '%',
    '?rid=',
    '?create=1&',
    ' HTTP/1.1\r\n',
    'Host: x\r\n',
    'Content-Length: 3\r\n',
    'Transfer-Encoding: chunked\r\n',
    'X-Forwarded-For: ::1%eth0\r\n',
    'Expect: 100-continue\r\n',
    'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
    'User-Agent: \0\xff\r\n',
    '\r\n',
    'abc',
    '0\r\n\r\n',
  );
  const bytes = fc.array(
    fc.oneof({ weight: 4, arbitrary: token }, { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) }),
    {
      maxLength: 12,
    },
  );
  await fc.assert(
    fc.asyncProperty(bytes, async (pieces) => {
      await raw(t.ingester.port, Buffer.from(pieces.join(''), 'latin1'), { quietMs: 15 });
    }),
    { numRuns: 300 },
  );
  expect((await sendTo(t.ingester.port, `/${code}`)).status).toBe(200);
  await expect.poll(() => t.ingester.intake.pending).toBe(0);
});
