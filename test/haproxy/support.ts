/** HAProxy with infra/haproxy/haproxy.cfg as it is, before real ingesters and a site that says what it was asked. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseTarget } from '@overdue/database';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { freePorts } from '@overdue/database/testing/ports';
import { eventually } from '../support/eventually.ts';
import { ROOT } from '../support/product.ts';

export const PING_DOMAIN = 'ping.test';
export const SITE_HOST = 'site.test';

/** For tests that every suite here starts with: what a client can do, whatever HAProxy says. */
export interface Bench {
  readonly database: TestDatabase;
  readonly httpPort: number;
  readonly httpsPort: number;
  /** The certificates, self-signed: what a client must trust. */
  readonly authorities: readonly Buffer[];
  readonly ingesters: readonly [IngesterProcess, IngesterProcess];
  /** Code of a new check. */
  makeCheck(): Promise<string>;
  /** HAProxy's own view: `UP`, `DOWN`, … by server name. */
  serverStates(): Promise<Map<string, string>>;
  /** What the web servers answer to the health check from now on. */
  siteIsReady(ready: boolean): void;
  /** How many requests a backend of HAProxy has passed on. */
  requestsThrough(backend: string): Promise<number>;
  stop(): Promise<void>;
}

export interface BenchOptions {
  readonly rateLimit?: number;
  readonly drainSeconds?: number;
}

export async function startBench(haproxy: string, options: BenchOptions = {}): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'overdue-haproxy-'));
  const stops: (() => Promise<unknown> | undefined)[] = [];
  const stop = async () => {
    for (const one of stops.reverse()) await one();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const database = await createTestDatabase();
    stops.push(() => database.drop());
    const [site, ports, certificates] = [await startSite(), await freePorts(6), makeCertificates(folder)];
    stops.push(() => site.stop());
    const [httpPort, httpsPort, ...ingesterPorts] = ports as [number, number, number, number, number, number];
    const ingesters = [0, 1].map((i) => {
      const [port, adminPort] = [ingesterPorts[2 * i]!, ingesterPorts[2 * i + 1]!];
      const drainSeconds = options.drainSeconds ?? 0;
      return new IngesterProcess({ dataDir: join(folder, `data${i}`), port, adminPort, drainSeconds, database });
    }) as [IngesterProcess, IngesterProcess];
    stops.push(() => Promise.all(ingesters.map((one) => one.stop())));
    await Promise.all(ingesters.map((one) => one.start()));

    const socket = join(folder, 'haproxy.sock');
    const proxy = spawn(haproxy, ['-db', '-f', join(ROOT, 'infra/haproxy/haproxy.cfg')], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        BIND_HTTP: `127.0.0.1:${httpPort},::1:${httpPort}`,
        BIND_HTTPS: `127.0.0.1:${httpsPort},::1:${httpsPort}`,
        CERTIFICATES: certificates.folder,
        PING_DOMAIN,
        ...(options.rateLimit === undefined ? {} : { RATE_LIMIT: String(options.rateLimit) }),
        HAPROXY_SOCKET: socket,
        ...Object.fromEntries(
          ingesters.flatMap(({ port, adminPort }, i) => [
            [`INGESTER_${i + 1}`, `127.0.0.1:${port}`],
            [`INGESTER_${i + 1}_ADMIN_PORT`, String(adminPort)],
          ]),
        ),
        ...Object.fromEntries(
          [1, 2].flatMap((i) => [
            [`WEB_${i}`, `127.0.0.1:${site.port}`],
            [`WEB_${i}_ADMIN_PORT`, String(site.port)],
          ]),
        ),
      },
    });
    stops.push(() => end(proxy, 'SIGTERM'));
    let output = '';
    for (const stream of [proxy.stdout, proxy.stderr])
      stream.on('data', (chunk) => {
        output += chunk;
      });
    const serverStates = () => readStates(socket);
    await eventually('HAProxy runs', async () => proxy.exitCode !== null || (await serverStates()));
    if (proxy.exitCode !== null) throw new Error(`HAProxy ended: ${output}`);

    const [user] = await database.sql<{ id: number }[]>`
      insert into users (username, email) values ('u', 'u@host.test') returning id`;
    const [project] = await database.sql<{ id: number }[]>`
      insert into projects (owner_id, badge_key) values (${user!.id}, 'badge') returning id`;
    return {
      database,
      httpPort,
      httpsPort,
      authorities: certificates.authorities,
      ingesters,
      async makeCheck() {
        const [check] = await database.sql<{ code: string }[]>`
          insert into checks (project_id) values (${project!.id}) returning code`;
        return check!.code;
      },
      serverStates,
      siteIsReady: site.isReady,
      async requestsThrough(backend) {
        const rows = await readStatistics(socket);
        return Number(rows.find(({ pxname, svname }) => pxname === backend && svname === 'BACKEND')!.req_tot);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** One for ECDSA and one for RSA, both for all names of the tests. */
function makeCertificates(folder: string): { folder: string; authorities: Buffer[] } {
  const certificates = join(folder, 'certificates');
  mkdirSync(certificates);
  const kinds = {
    ecdsa: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
    rsa: ['-newkey', 'rsa:2048'],
  };
  const names = `subjectAltName=DNS:${PING_DOMAIN},DNS:${SITE_HOST},DNS:localhost`;
  const authorities = Object.entries(kinds).map(([kind, how]) => {
    const [key, certificate] = [join(folder, `${kind}.key`), join(folder, `${kind}.crt`)];
    const subject = ['-days', '2', '-nodes', '-subj', `/CN=${kind}`, '-addext', names];
    execFileSync('openssl', ['req', '-x509', ...how, '-keyout', key, '-out', certificate, ...subject], {
      stdio: 'ignore',
    });
    const pem = readFileSync(certificate);
    writeFileSync(join(certificates, `${kind}.pem`), Buffer.concat([pem, readFileSync(key)]));
    return pem;
  });
  return { folder: certificates, authorities };
}

/** Stands in for `web`: answers with the request line and the headers that it was sent. */
async function startSite(): Promise<{ port: number; isReady(ready: boolean): void; stop(): Promise<void> }> {
  let ready = true;
  const server: Server = createServer((request, response) => {
    if (request.url === '/readyz' && !ready) response.statusCode = 503;
    response.end(JSON.stringify({ url: request.url, headers: request.headers }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    isReady(now) {
      ready = now;
    },
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** HAProxy's statistics: of each server, and of each frontend and backend as a whole, its columns by their names. */
async function readStatistics(socket: string): Promise<Record<string, string>[]> {
  const { connect } = await import('node:net');
  const connection = connect(socket);
  connection.end('show stat\n');
  let text = '';
  for await (const chunk of connection) text += chunk;
  const [header = '', ...rows] = text.replace(/^# /, '').trim().split('\n');
  const columns = header.split(',');
  return rows.map((row) => Object.fromEntries(row.split(',').map((cell, i) => [columns[i]!, cell])));
}

async function readStates(socket: string): Promise<Map<string, string>> {
  return new Map((await readStatistics(socket)).map((row) => [row.svname!, row.status!]));
}

interface IngesterOptions {
  readonly dataDir: string;
  readonly port: number;
  readonly adminPort: number;
  readonly drainSeconds: number;
  readonly database: { readonly target: DatabaseTarget };
}

/** `services/ingester` as a process: what `overdue serve ingester` runs. */
export class IngesterProcess {
  readonly port: number;
  readonly adminPort: number;
  readonly #options: IngesterOptions;
  #child: ChildProcess | null = null;
  output = '';

  constructor(options: IngesterOptions) {
    this.#options = options;
    this.port = options.port;
    this.adminPort = options.adminPort;
  }

  /** Starts it and waits until it is ready. */
  async start(): Promise<void> {
    const { dataDir, port, adminPort, drainSeconds, database } = this.#options;
    const { hosts, database: name, user } = database.target;
    mkdirSync(join(dataDir, 'run'), { recursive: true });
    this.#child = spawn(process.execPath, [join(ROOT, 'services/ingester/dist/main.js')], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        DATABASE_URL: `postgresql://${user}@${hosts[0]!.host}:${hosts[0]!.port}/${name}?sslmode=disable`,
        SECRET_KEY: 'a key of this test, thirty-two characters and more',
        DATA_DIR: dataDir,
        PING_PORT: String(port),
        PING_HOST: '127.0.0.1',
        INGESTER_ADMIN_PORT: String(adminPort),
        DRAIN_SECONDS: String(drainSeconds),
      },
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.on('data', (chunk) => {
        this.output += chunk;
      });
    }
    const child = this.#child;
    const ended = () => child.exitCode !== null || child.signalCode !== null;
    const ready = async () => ended() || (await fetch(`http://127.0.0.1:${adminPort}/readyz`)).ok;
    await eventually('the ingester is ready', ready);
    if (ended()) throw new Error(`The ingester ended: ${this.output}`);
  }

  /** Maintenance mode, as `overdue maintenance on|off --service ingester` sets it. */
  maintenance(on: boolean): void {
    const flag = join(this.#options.dataDir, 'run', 'maintenance.ingester');
    if (on) writeFileSync(flag, '');
    else rmSync(flag, { force: true });
  }

  /** The orderly stop; resolves with the exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    return this.#child && end(this.#child, signal);
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill(signal);
    await once(child, 'exit');
  }
  return child.exitCode;
}
