/**
 * Clients that write HTTP in ways that the ingester's own parser does not take (docs/compatibility/pings.md): small
 * devices, old software, proxies. Behind HAProxy they are understood.
 */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireBinary } from '../support/binaries.ts';
import { eventually } from '../support/eventually.ts';
import { type Bench, PING_DOMAIN, startBench } from './support.ts';

const haproxy = requireBinary('haproxy');
const openssl = requireBinary('openssl');

describe.skipIf(!haproxy || !openssl)('through HAProxy', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench(haproxy!);
  });
  afterAll(() => bench?.stop());

  const logged = async (code: string) =>
    bench.database.sql<{ kind: string; method: string; ua: string; body: string | null }[]>`
      select pings.kind, method, ua, convert_from(body, 'utf8') as body
      from pings join checks on checks.id = check_id where code = ${code} order by n`;

  const HOST = `Host: ${PING_DOMAIN}\r\n`;
  const forms: [string, (code: string) => string[], object][] = [
    [
      'a request line in two segments',
      (code) => [`GET /${code.slice(0, 9)}`, `${code.slice(9)} HTTP/1.1\r\n${HOST}\r\n`],
      {},
    ],
    ['cut before the version', (code) => [`GET /${code} `, `HTTP/1.1\r\n${HOST}\r\n`], {}],
    ['byte for byte', (code) => [...`GET /${code} HTTP/1.1\r\n${HOST}\r\n`], {}],
    ['HTTP/1.0', (code) => [`GET /${code}/start HTTP/1.0\r\n${HOST}\r\n`], { kind: 'start' }],
    ['HTTP/1.0 without Host', (code) => [`GET /ping/${code} HTTP/1.0\r\n\r\n`], {}],
    [
      'HTTP/1.0 with a body',
      (code) => [`POST /${code}/3 HTTP/1.0\r\n${HOST}Content-Length: 4\r\n\r\n`, 'oops'],
      { kind: 'fail', method: 'POST', body: 'oops' },
    ],
    ['an absolute-form target', (code) => [`GET http://${PING_DOMAIN}/${code} HTTP/1.1\r\n${HOST}\r\n`], {}],
    [
      'an absolute-form target with a query',
      (code) => [`GET http://${PING_DOMAIN}/${code}?a=1 HTTP/1.1\r\n${HOST}\r\n`],
      {},
    ],
    [
      'a header name with an underscore',
      (code) => [`GET /${code} HTTP/1.1\r\n${HOST}X_Job: 7\r\nX.Job: 7\r\n\r\n`],
      {},
    ],
    [
      'as many headers as HAProxy takes, more than an ingester does',
      (code) => [
        `GET /${code} HTTP/1.1\r\n${HOST}${Array.from({ length: 98 }, (_, i) => `X-Job-${i}: 7\r\n`).join('')}\r\n`,
      ],
      {},
    ],
    [
      'chunks, with headers that ingesters do not read',
      (code) => [
        `POST /${code} HTTP/1.1\r\n${HOST}Cookie: a=b\r\nTransfer-Encoding: chunked\r\nUser-Agent: job/1\r\n\r\n`,
        '4\r\noops\r\n0\r\n\r\n',
      ],
      { method: 'POST', body: 'oops', ua: 'job/1' },
    ],
    [
      'a User-Agent that is not ASCII',
      (code) => [`GET /${code} HTTP/1.1\r\n${HOST}User-Agent: Gerät 7\r\n\r\n`],
      { ua: 'Gerät 7' },
    ],
  ];
  test.each(forms)('%s', async (_name, pieces, ping) => {
    const code = await bench.makeCheck();
    const answers = await inPieces(bench.httpPort, pieces(code), 1);
    expect(answers).toMatch(/^HTTP\/1\.[01] 200 OK\r\n(.+\r\n)+\r\nOK$/);
    expect(await logged(code)).toMatchObject([{ kind: 'success', method: 'GET', ...ping }]);
  });

  test('two requests in one packet are both answered', async () => {
    const code = await bench.makeCheck();
    const both = `GET /${code}/start HTTP/1.1\r\n${HOST}\r\nGET /${code} HTTP/1.1\r\n${HOST}\r\n`;
    const answers = await inPieces(bench.httpPort, [both], 2);
    expect(answers.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
    expect(await logged(code)).toMatchObject([{ kind: 'start' }, { kind: 'success' }]);
  });
});

/**
 * Sends each piece in a packet of its own; resolves with what came back: so many whole answers, and whatever more came in
 * a while after them.
 */
async function inPieces(port: number, pieces: readonly string[], expected: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let answers = '';
  socket.setEncoding('latin1').on('data', (text) => {
    answers += text;
  });
  socket.on('error', () => {});
  try {
    for (const piece of pieces) {
      socket.write(piece);
      await sleep(pieces.length > 10 ? 2 : 100);
    }
    const isWhole = () => answers.split('\r\n\r\n').length > expected && answers.endsWith('OK');
    await eventually('it is answered', () => isWhole() || socket.destroyed, { every: 20 });
    await sleep(100);
    return answers;
  } finally {
    socket.destroy();
  }
}
