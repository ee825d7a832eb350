import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type Database } from '@overdue/database';
import { selfSignedCertificate } from '@overdue/database/testing/certificate';
import { freePort } from '@overdue/database/testing/ports';
import { applyBatch, loadByCode, type Ping, RememberedChecks, uuid7 } from '@overdue/pings';
import { eventually } from '../support/eventually.ts';
import { type BenchContext, type Benchmark, ROOT } from './harness.ts';
import { load } from './http-client.ts';
import { CHECKS, countedPings, FEW_CHECKS, get, onlyAnswered, pingServer, randomCheck } from './ping-server.ts';
import { checkCode, seedChecks } from './seed.ts';
import { inTurns } from './turns.ts';

/** The median size of the batches that the ingester committed, from its metrics. */
async function meanBatchSize(adminPort: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  const value = (name: string) =>
    Number(new RegExp(`^overdue_ingester_batch_size_${name}(?:{[^}]*})? (\\S+)`, 'm').exec(text)?.[1]);
  return Math.max(1, Math.round(value('sum') / value('count')));
}

/** Sends batches of random pings over one connection for `seconds`, with no HTTP, no cache and no lanes. */
async function bareSql(database: Database, size: number, seconds: number): Promise<number> {
  const [range] = await database.sql<{ first: number }[]>`select min(id) as first from checks`;
  const own = connect({ target: database.target, applicationName: 'bench sql', max: 2 });
  const connection = await own.sql.reserve();
  const ping = (): Ping => ({
    id: uuid7(Date.now()),
    at: Date.now(),
    checkId: range!.first + Math.floor(Math.random() * CHECKS),
    unresolved: null,
    kind: 'success',
    rulesVersion: null,
    exitStatus: null,
    rid: null,
    scheme: 'http',
    method: 'GET',
    remoteAddr: '127.0.0.1',
    ua: '',
    body: null,
    skipped: 0,
    late: false,
  });
  const lane = randomUUID();
  // As an ingester that has looked them all up.
  const memory = new RememberedChecks();
  for (let i = 0; i < CHECKS; i += 1000) {
    const codes = Array.from({ length: 1000 }, (_, k) => checkCode(i + k));
    memory.lookedUp((await loadByCode(own.sql, codes)).map(({ state }) => state));
  }
  let sent = 0;
  const started = performance.now();
  for (let batch = 1; performance.now() - started < seconds * 1000; batch++) {
    const pings = Array.from({ length: size }, ping);
    await applyBatch(connection, pings, { ranges: [{ lane, batch, first: batch }], memory });
    sent += size;
  }
  const rate = sent / ((performance.now() - started) / 1000);
  connection.release();
  await own.close();
  return rate;
}

/** HAProxy with the shipped configuration before `backend`; resolves to its HTTPS port. */
async function haproxy(context: BenchContext, backend: { port: number; adminPort: number }): Promise<number> {
  const [http, https] = [await freePort(), await freePort()];
  const folder = join(context.folder, `haproxy-${https}`);
  const certificates = join(folder, 'certificates');
  mkdirSync(certificates, { recursive: true });
  const { cert, key } = await selfSignedCertificate('localhost');
  writeFileSync(join(certificates, 'localhost.pem'), `${cert}\n${key}\n`);
  const address = `127.0.0.1:${backend.port}`;
  const child = spawn('haproxy', ['-q', '-f', join(ROOT, 'infra/haproxy/haproxy.cfg')], {
    env: {
      PATH: process.env.PATH,
      HAPROXY_SOCKET: join(folder, 'haproxy.sock'),
      BIND_HTTP: `127.0.0.1:${http}`,
      BIND_HTTPS: `127.0.0.1:${https}`,
      CERTIFICATES: certificates,
      PING_DOMAIN: 'localhost',
      INGESTER_1: address,
      INGESTER_1_ADMIN_PORT: String(backend.adminPort),
      INGESTER_2: address,
      INGESTER_2_ADMIN_PORT: String(backend.adminPort),
      WEB_1: address,
      WEB_1_ADMIN_PORT: String(backend.adminPort),
      WEB_2: address,
      WEB_2_ADMIN_PORT: String(backend.adminPort),
      RATE_LIMIT: '100000000',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  context.cleanup(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  await eventually('HAProxy passes requests on', async () => {
    const answer = await load({
      port: https,
      tls: true,
      connections: 1,
      requests: 1,
      newConnections: true,
      request: () => get(`/${checkCode(0)}`),
    });
    return answer.statuses[200] === 1;
  });
  return https;
}

export const pingLimitBenchmarks: readonly Benchmark[] = [
  {
    // What HTTP, the cache and the state of the ingester cost on top of the same batches.
    name: 'pings-durable-vs-sql',
    async run(context) {
      const { database, ingester } = await pingServer(context, { PING_THROTTLE_SECONDS: '0' });
      const options = { port: ingester.port, connections: 256, request: () => get(`/${randomCheck()}`) };
      await load({ ...options, durationMs: 3000 });
      const http = await load({ ...options, durationMs: 8000 });
      const size = await meanBatchSize(ingester.adminPort);
      await ingester.stop();
      const limit = await bareSql(database, size, 8);
      const ratio = http.rate / limit;
      return [
        {
          name: 'pings-durable-vs-sql',
          value: http.rate,
          unit: '/s',
          limit: { name: `bare SQL, batches of ${size}`, value: limit },
          ratio,
          bar: 'ratio ≥ 0.6, all 200',
          ok: ratio >= 0.6 && onlyAnswered(http, 200),
        },
      ];
    },
  },
  {
    // HTTPS through HAProxy, a handshake for each request; with the settings as shipped.
    name: 'pings-tls',
    async run(context) {
      const { ingester } = await pingServer(context, {}, FEW_CHECKS);
      const noWork = await context.noWorkServer();
      // A thousand handshakes a second are too few for V8 to have compiled its code when the first turns are over.
      for (const { port } of [ingester, noWork]) {
        await load({ port, connections: 64, requests: 200_000, request: () => get(`/${randomCheck(FEW_CHECKS)}`) });
      }
      const options = {
        tls: true,
        newConnections: true,
        connections: 32,
        request: () => get(`/${randomCheck(FEW_CHECKS)}`, 'Connection: close\r\n'),
      };
      const through = async (backend: { port: number; adminPort: number }) => ({
        ...options,
        port: await haproxy(context, backend),
      });
      const { result, limit, ratio } = await inTurns(
        await through(ingester),
        await through({ port: noWork.port, adminPort: noWork.port }),
      );
      return [
        {
          name: 'pings-tls',
          value: result.rate,
          unit: '/s',
          limit: { name: 'no-work backend', value: limit.rate },
          ratio,
          bar: 'ratio ≥ 0.9, all 200',
          // The limit is a server that answers 200 to everything, too.
          ok: ratio >= 0.9 && onlyAnswered(result, 200) && onlyAnswered(limit, 200),
          note: `p99 ${result.latency.p99.toFixed(1)} ms, answers ${JSON.stringify(result.statuses)}`,
        },
      ];
    },
  },
  {
    // The database stopped for 20 s under 5,000 pings a second, then started: none lost, none refused. Without the
    // throttle, so that each ping goes through the spool: with it, most would be sums.
    name: 'spool',
    async run(context) {
      const postgres = await context.postgres();
      await seedChecks(postgres.database, CHECKS);
      const ingester = await context.service('ingester', { DATABASE_URL: postgres.url, PING_THROTTLE_SECONDS: '0' });
      // Warm the cache: what it does not know cannot be judged while the database is away.
      await load({ port: ingester.port, connections: 64, requests: 20_000, request: (i) => get(`/${checkCode(i)}`) });
      const before = await countedPings(postgres.database);
      const sending = load({
        port: ingester.port,
        connections: 64,
        durationMs: 40_000,
        rate: 5000,
        request: (i) => get(`/${checkCode(i % 20_000)}`),
      });
      await new Promise((resolve) => setTimeout(resolve, 5000));
      await postgres.server.stop();
      await new Promise((resolve) => setTimeout(resolve, 20_000));
      await postgres.restart();
      const back = performance.now();
      const spooled = await spooledPings(ingester.adminPort);
      const drained = async () => (await spooledPings(ingester.adminPort)) === 0;
      await eventually('the spool is drained', drained, { every: 50 });
      const seconds = (performance.now() - back) / 1000;
      const result = await sending;
      const count = async () => (await countedPings(postgres.database)) - before;
      await eventually(
        'every acknowledged ping is counted',
        async () => (await count()) >= (result.statuses[200] ?? 0),
      );
      const counted = await count();
      const lost = (result.statuses[200] ?? 0) - counted;
      return [
        {
          name: 'spool: drained',
          value: spooled / seconds,
          unit: '/s',
          bar: 'faster than 5,000/s came in; none lost, none refused',
          ok: lost === 0 && result.answered === (result.statuses[200] ?? 0) && result.errors === 0 && seconds < 20,
          note: `${result.answered} answered ${JSON.stringify(result.statuses)}, errors ${result.errors}, lost ${lost}, ${spooled} spooled and drained in ${seconds.toFixed(1)} s, slowest answer ${result.latency.max.toFixed(0)} ms`,
        },
      ];
    },
  },
];

async function spooledPings(adminPort: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  const found = /^overdue_ingester_spool_pings(?:{[^}]*})? (\S+)/m.exec(text);
  if (!found) throw new Error('The ingester has no metric overdue_ingester_spool_pings');
  return Number(found[1]);
}
