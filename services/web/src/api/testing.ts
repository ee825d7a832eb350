/** A web server with the management API on a real database, and a client to it, for tests and benches. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApiKey } from '@overdue/accounts';
import { VirtualClock } from '@overdue/clock';
import { loadConfig } from '@overdue/config';
import type { Database } from '@overdue/database';
import { HttpClient, Mailer, notificationOptions } from '@overdue/notifications';
import type { ApiDeps } from './deps.ts';
import { apiListener } from './index.ts';

export const SECRET_KEY = 'a secret key that only tests use';
export const NOW = Date.parse('2026-11-21T12:00:00.250Z');
export const ROOT = 'https://mon.example.test';

export interface TestProject {
  readonly id: number;
  readonly code: string;
  readonly ownerId: number;
  readonly badgeKey: string;
  readonly rw: string;
  readonly ro: string;
}

export interface TestReply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body. Throws when it is not JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into documents whose shape they assert
  readonly json: any;
}

export interface RequestOptions {
  readonly method?: string;
  readonly key?: string | null;
  readonly headers?: Record<string, string>;
  /** Strings and bytes are sent as they are, everything else as JSON. */
  readonly body?: unknown;
}

export interface TestApi {
  readonly url: string;
  readonly clock: VirtualClock;
  readonly deps: ApiDeps;
  /** Unexpected errors that were logged. */
  readonly errors: unknown[];
  call(path: string, options?: RequestOptions): Promise<TestReply>;
  project(options?: { checkLimit?: number; ownerId?: number; pingLogLimit?: number }): Promise<TestProject>;
  close(): Promise<void>;
}

export async function startTestApi(
  database: Database,
  env: Record<string, string> = {},
  clock: VirtualClock = new VirtualClock(NOW),
): Promise<TestApi> {
  const errors: unknown[] = [];
  const config = loadConfig({ SECRET_KEY, SITE_ROOT: ROOT, METRICS_KEY: 'metrics key', ...env });
  const logger = { info() {}, warn() {}, error: (fields: object) => void errors.push(fields) };
  const options = notificationOptions(config, SECRET_KEY);
  const http = new HttpClient(options.http, clock);
  const mailer = new Mailer(options.email);
  const delivery = { sql: database.sql, clock, options, http, mailer, logger };
  const deps: ApiDeps = { config, database, clock, logger, secretKey: SECRET_KEY, delivery };
  const server = createServer(apiListener(deps, (_request, response) => response.writeHead(404).end()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let projects = 0;

  return {
    url,
    clock,
    deps,
    errors,
    async call(path, { method = 'GET', key = null, headers = {}, body } = {}) {
      const response = await fetch(url + path, {
        method,
        redirect: 'manual',
        headers: { ...(key === null ? {} : { 'X-Api-Key': key }), ...headers },
        ...(body === undefined
          ? {}
          : { body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body) }),
      } as RequestInit);
      const text = await response.text();
      return {
        status: response.status,
        headers: response.headers,
        text,
        get json() {
          return JSON.parse(text);
        },
      };
    },
    async project({ checkLimit = 10_000, ownerId, pingLogLimit = 100 } = {}) {
      const { sql } = database;
      const name = `p${++projects}`;
      const owner =
        ownerId ??
        (
          await sql<{ id: number }[]>`
            insert into users (username, email, check_limit)
            values (${name}, ${`${name}@example.org`}, ${checkLimit}) returning id`
        )[0]!.id;
      const [row] = await sql<{ id: number; code: string }[]>`
        insert into projects (owner_id, badge_key, ping_log_limit)
        values (${owner}, ${`badge-${name}`}, ${pingLogLimit}) returning id, code`;
      const { id, code } = row!;
      return {
        id,
        code,
        ownerId: owner,
        badgeKey: `badge-${name}`,
        rw: await createApiKey(sql, SECRET_KEY, { projectId: id, kind: 'rw', createdBy: null }),
        ro: await createApiKey(sql, SECRET_KEY, { projectId: id, kind: 'ro', createdBy: null }),
      };
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      mailer.close();
      await http.close();
    },
  };
}

/** Adds an integration as a bare row; returns its code. */
export async function addChannel(
  { sql }: Database,
  projectId: number,
  { name = '', code }: { name?: string; code?: string } = {},
): Promise<string> {
  const [row] = await sql<{ code: string }[]>`
    insert into channels (project_id, kind, name, value, code)
    values (${projectId}, 'email', ${name}, '{"value":"a@example.org","up":true,"down":true}',
            coalesce(${code ?? null}::uuid, gen_random_uuid()))
    returning code`;
  return row!.code;
}
