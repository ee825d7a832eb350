/** A whole ingester on a database of its own, for tests. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@overdue/clock';
import { loadConfig } from '@overdue/config';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { createLogger, createRegistry, type Registry } from '@overdue/observability';
import { afterAll, beforeAll } from 'vitest';
import { type Ingester, startIngester } from './ingester.ts';

export interface TestIngester {
  readonly database: TestDatabase;
  readonly ingester: Ingester;
  readonly registry: Registry;
  readonly url: string;
  /** Of the project `key` belongs to. */
  readonly projectId: number;
  readonly instanceId: string;
  stop(): Promise<void>;
}

export const PING_KEY = 'abcdefghijklmnopqrstuv';

const DEFAULTS = {
  PING_HOST: '127.0.0.1',
  PING_THROTTLE_SECONDS: '0',
  // A machine that stands still for a few seconds is not to be taken for a database that is away: then what was answered
  // would be in the spool, and not in the database yet.
  PING_DB_TIMEOUT_MS: '30000',
};

export async function startTestIngester(env: Record<string, string> = {}): Promise<TestIngester> {
  const database = await createTestDatabase();
  const dataDir = mkdtempSync(join(tmpdir(), 'overdue-ingester-'));
  const [user] = await database.sql<{ id: number }[]>`
    insert into users (username, email) values ('u', 'u@host.test') returning id`;
  const [project] = await database.sql<{ id: number }[]>`
    insert into projects (owner_id, ping_key, badge_key) values (${user!.id}, ${PING_KEY}, 'badge') returning id`;
  const registry = createRegistry('ingester');
  const instanceId = randomUUID();
  const ingester = await startIngester({
    // Port 0 is for tests; as a setting it is refused.
    config: {
      ...loadConfig({ ...DEFAULTS, DATA_DIR: dataDir, ...env }),
      PING_PORT: 0,
    },
    clock: systemClock,
    logger: createLogger({ service: 'ingester', level: process.env.TEST_LOG ?? 'silent', format: 'json' }),
    registry,
    target: database.target,
    instanceId,
  });
  return {
    database,
    ingester,
    registry,
    url: `http://127.0.0.1:${ingester.port}`,
    projectId: project!.id,
    instanceId,
    async stop() {
      await ingester.stop();
      await database.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** The same for all tests of a file: usable as soon as they run. */
export function useTestIngester(): TestIngester {
  const t = {} as TestIngester;
  beforeAll(async () => {
    Object.assign(t, await startTestIngester());
  });
  afterAll(() => t.stop());
  return t;
}

/** Makes a check; returns its code. */
export async function makeCheck(t: TestIngester, columns: Record<string, unknown> = {}): Promise<string> {
  const code = randomUUID();
  await t.database.sql`insert into checks ${t.database.sql({ code, project_id: t.projectId, ...columns })}`;
  return code;
}

export interface LoggedPing {
  n: number;
  kind: string;
  scheme: string;
  method: string;
  remote_addr: string | null;
  ua: string;
  body: Buffer | null;
  rid: string | null;
  exit_status: number | null;
  created_at: number;
}

export async function pingsOf(t: TestIngester, code: string): Promise<LoggedPing[]> {
  return t.database.sql<LoggedPing[]>`
    select p.n, p.kind, p.scheme, p.method, p.remote_addr, p.ua, p.body, p.rid, p.exit_status, p.created_at
    from pings p join checks c on c.id = p.check_id where c.code = ${code} order by p.n`;
}

export interface CheckRow {
  status: string;
  n_pings: number;
  last_ping: number | null;
  last_start: number | null;
  last_duration_ms: number | null;
  has_confirmation_link: boolean;
  alert_after: number | null;
  wake_at: number | null;
}

export async function checkOf(t: TestIngester, code: string): Promise<CheckRow> {
  const [row] = await t.database.sql<CheckRow[]>`
    select status, n_pings, last_ping, last_start, last_duration_ms, has_confirmation_link, alert_after, wake_at
    from checks where code = ${code}`;
  return row!;
}

export interface RawAnswer {
  /** Everything that came back. */
  readonly text: string;
  /** Whether the server closed the connection; else it said nothing for a while. */
  readonly closed: boolean;
}

export interface RawOptions {
  /** How long the server may send nothing, in milliseconds. Where it has to answer or close, only what fails waits so long. */
  readonly quietMs?: number;
  /** Whether what has come is all that is waited for; default: only the connection's end is. */
  readonly enough?: (text: string) => boolean;
}

/** Sends bytes as they are; resolves when the server closes, has sent enough, or nothing for a while. */
export function raw(
  port: number,
  bytes: string | Buffer,
  { quietMs = 60_000, enough = () => false }: RawOptions = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ port, host: '127.0.0.1' });
    const chunks: Buffer[] = [];
    const text = () => Buffer.concat(chunks).toString('latin1');
    let timer = setTimeout(done, quietMs, false);
    function done(closed: boolean) {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text: text(), closed });
    }
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (enough(text())) return done(false);
      clearTimeout(timer);
      timer = setTimeout(done, quietMs, false);
    });
    socket.on('close', () => done(true));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') done(true);
      else reject(error);
    });
    socket.write(bytes);
  });
}

/**
 * Sends one request as it is; resolves with the whole answer (its head, after HEAD), or with what came of it before the
 * server closed.
 */
export function exchange(port: number, bytes: string | Buffer): Promise<string> {
  const withoutBody = bytes.toString().startsWith('HEAD ');
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let text = '';
    const done = () => {
      socket.destroy();
      resolve(text);
    };
    socket.setEncoding('latin1').on('data', (piece: string) => {
      text += piece;
      const [head, body] = text.split(/\r\n\r\n([\s\S]*)/, 2);
      const length = withoutBody ? 0 : Number(/\r\nContent-Length: (\d+)/i.exec(head!)?.[1]);
      if (body !== undefined && body.length >= length) done();
    });
    socket.on('close', done);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') done();
      else reject(error);
    });
    socket.write(bytes);
  });
}

/** Requests ("METHOD /path", without bodies) on one connection, each sent when the one before was answered. */
export async function lineByLine(port: number, requests: readonly string[]): Promise<string[]> {
  const socket = connect({ port, host: '127.0.0.1' });
  const answers: string[] = [];
  try {
    for (const request of requests) {
      const answer = new Promise<string>((resolve) => {
        socket.once('data', (bytes: Buffer) => resolve(bytes.toString('latin1')));
        socket.once('close', () => resolve('closed'));
      });
      socket.write(`${request} HTTP/1.1\r\nHost: x\r\n\r\n`);
      answers.push(await answer);
    }
  } finally {
    socket.destroy();
  }
  return answers;
}

export interface SendOptions {
  readonly method?: string;
  readonly body?: string | Buffer;
  readonly headers?: Record<string, string>;
  /** Default: one for all, which keeps its connections. */
  readonly agent?: Agent;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Record<string, string | string[] | undefined>;
}

const keptAlive = new Agent({ keepAlive: true });

/** An ordinary HTTP request. Rejects when there is no answer. */
export function sendTo(port: number, path: string, options: SendOptions = {}): Promise<Answer> {
  const { method = 'GET', body, headers = {}, agent = keptAlive } = options;
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const sent = request(
      { agent, host: '127.0.0.1', port, path, method, headers: { ...length, ...headers } },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          resolve({ status: answer.statusCode!, headers: answer.headers, body: Buffer.concat(chunks).toString() });
        });
      },
    );
    sent.on('error', (error: NodeJS.ErrnoException) => {
      // The server has just ended a connection that was idle for long: it has not read this.
      if (sent.reusedSocket && error.code === 'ECONNRESET') sendTo(port, path, options).then(resolve, reject);
      else reject(error);
    });
    sent.end(body);
  });
}
