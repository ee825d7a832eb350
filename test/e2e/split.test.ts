/** The split deployment: each service a process of its own through `overdue serve`, on a database that is elsewhere. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, connect as dial } from 'node:net';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { CLI, type Environment, freshEnvironment, overdue, ROOT } from '../support/product.ts';

// Each of these starts whole processes, on machines that may be busy.
vi.setConfig({ testTimeout: 600_000 });

let database: TestDatabase;
let env: Environment;
let check: { id: number; code: string };
beforeAll(async () => {
  database = await createTestDatabase();
  env = await environmentOn(database);
  const [project] = await database.sql<{ id: number }[]>`
    with owner as (insert into users (username, email) values ('owner', 'owner@example.org') returning id)
    insert into projects (owner_id, badge_key) select id, 'badge' from owner returning id`;
  const [row] = await database.sql<[typeof check]>`
    insert into checks (project_id) values (${project!.id}) returning id, code`;
  check = row;
});
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await database.drop();
  rmSync(env.DATA_DIR!, { recursive: true, force: true });
});

/** What the services on all machines have in common, and a directory and ports. */
async function environmentOn({ target }: TestDatabase, extra: Environment = {}): Promise<Environment> {
  const { hosts, user, database: name } = target;
  return await freshEnvironment({
    DATABASE_URL: `postgres://${user}@${hosts[0]!.host}:${hosts[0]!.port}/${name}?sslmode=disable`,
    SECRET_KEY: 'the same fifty characters on every machine, please',
    DRAIN_SECONDS: '0',
    ...extra,
  });
}

const running: ChildProcess[] = [];

interface Served {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  /** Waits until `look` says true. @throws with what it printed when it ends before that */
  is(what: string, look: () => Promise<boolean>): Promise<void>;
}

function serve(service: string, settings: Environment): Served {
  const child = spawn(process.execPath, [CLI, 'serve', service], {
    env: settings,
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => {
      output += chunk;
    });
  }
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const over = () => child.exitCode !== null || child.signalCode !== null;
  const is: Served['is'] = async (what, look) => {
    try {
      await eventually(`${service} ${what}`, async () => over() || (await look()), { every: 20 });
      if (over()) throw new Error(`${service} ended: ${child.exitCode ?? child.signalCode}`);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${output}`);
    }
  };
  return { child, exited, is };
}

async function statusOf(url: string): Promise<number> {
  return (await fetch(url)).status;
}

test('four processes started at the same moment on an empty database make one product', async () => {
  const empty = await createTestDatabase();
  // As on a new server: `serve` brings the schema.
  await empty.sql.unsafe('drop schema public cascade; create schema public');
  const settings = await environmentOn(empty);
  const services = ['ingester', 'web', 'sendalerts', 'sendreports'].map((service) => ({
    ready: `http://127.0.0.1:${settings[`${service.toUpperCase()}_ADMIN_PORT`]}/readyz`,
    ...serve(service, settings),
  }));
  await Promise.all(services.map(({ is, ready }) => is('is ready', async () => (await statusOf(ready)) === 200)));
  expect(await statusOf(`http://localhost:${settings.PORT}/api/v3/status/`)).toBe(200);
  const bootstrap = ['bootstrap', '--email', 'a@example.org', '--password', 'correct horse'];
  const { code, stdout } = await overdue(settings, bootstrap);
  expect(code).toBe(0);
  const { api_key } = JSON.parse(stdout);
  const created = await fetch(`http://localhost:${settings.PORT}/api/v3/checks/`, {
    method: 'POST',
    headers: { 'x-api-key': api_key },
    body: JSON.stringify({ name: 'split' }),
  });
  expect(created.status).toBe(201);
  for (const { child, exited } of services) {
    child.kill('SIGKILL');
    await exited;
  }
  await empty.drop();
  rmSync(settings.DATA_DIR!, { recursive: true, force: true });
});

describe('stopping', () => {
  test('a service that is told to stop serves on as not-ready for DRAIN_SECONDS, then ends with exit code 0', async () => {
    // Long enough to be seen, also on a machine that stands still for a few seconds.
    const settings = await environmentOn(database, { DRAIN_SECONDS: '5' });
    const ingester = serve('ingester', settings);
    const ready = `http://127.0.0.1:${settings.INGESTER_ADMIN_PORT}/readyz`;
    await ingester.is('is ready', async () => (await statusOf(ready)) === 200);
    const began = performance.now();
    ingester.child.kill('SIGTERM');
    await ingester.is('is not ready any more', async () => (await statusOf(ready)) === 503);
    // An unknown check: the answer shows that it still serves.
    expect(await statusOf(`http://127.0.0.1:${settings.PING_PORT}/00000000-0000-4000-8000-000000000000`)).toBe(404);
    expect(await ingester.exited).toBe(0);
    expect(performance.now() - began).toBeGreaterThan(5000);
    rmSync(settings.DATA_DIR!, { recursive: true, force: true });
  });

  test('a port in use: exit code 1, which says that starting again may help', async () => {
    const taken = createServer().listen(Number(env.PORT));
    await once(taken, 'listening');
    expect(await serve('web', env).exited).toBe(1);
    taken.close();
  });
});

test('ingester takes pings while somebody else migrates', async () => {
  const settings = await environmentOn(database);
  const migrating = await database.sql.reserve();
  // Kysely's lock.
  await migrating`select pg_advisory_lock(3853314791062309107)`;
  const ingester = serve('ingester', settings);
  const url = `http://127.0.0.1:${settings.PING_PORT}/${check.code}/log`;
  try {
    await ingester.is('takes a ping', async () => (await statusOf(url)) === 200);
  } finally {
    await migrating`select pg_advisory_unlock(3853314791062309107)`;
    migrating.release();
  }
  ingester.child.kill('SIGTERM');
  expect(await ingester.exited).toBe(0);
  rmSync(settings.DATA_DIR!, { recursive: true, force: true });
});

test('npm start, told to stop while somebody else migrates, ends at once with exit code 0', async () => {
  const migrating = await database.sql.reserve();
  await migrating`select pg_advisory_lock(3853314791062309107)`;
  const settings = await environmentOn(database);
  const child = spawn(process.execPath, [CLI, 'start'], { env: settings, cwd: ROOT, stdio: 'ignore' });
  running.push(child);
  const exited = once(child, 'exit');
  await eventually('it waits for the lock', async () => {
    const waiting = await database.sql`
      select 1 from pg_stat_activity where application_name = 'overdue start' and wait_event = 'advisory'`;
    return waiting.length > 0;
  });
  child.kill('SIGTERM');
  const began = performance.now();
  expect((await exited)[0]).toBe(0);
  expect(performance.now() - began).toBeLessThan(15_000);
  await migrating`select pg_advisory_unlock(3853314791062309107)`;
  migrating.release();
  rmSync(settings.DATA_DIR!, { recursive: true, force: true });
});

test('ingester starts while the database is away, takes pings, and they are there when it is back', async () => {
  const settings = await environmentOn(database);
  const nowhere = settings.WEB_ADMIN_PORT!;
  const url = new URL(settings.DATABASE_URL!);
  // The database of the others, behind a port that nobody has opened yet.
  const ingester = serve('ingester', {
    ...settings,
    DATABASE_URL: `postgres://${url.username}@127.0.0.1:${nowhere}${url.pathname}?sslmode=disable`,
  });
  const ping = `http://127.0.0.1:${settings.PING_PORT}/${check.code}`;
  await ingester.is('takes a ping', async () => (await statusOf(ping)) === 200);
  const status = await overdue(settings, ['spool', 'status']);
  expect(JSON.parse(status.stdout)).toMatchObject({ count: 1, unreadable_bytes: 0 });

  const target = database.target.hosts[0]!;
  const bridge = createServer((socket) => {
    const upstream = dial(target.port, target.host);
    socket.pipe(upstream).pipe(socket);
    for (const end of [socket, upstream]) end.on('error', () => end.destroy());
  }).listen(Number(nowhere), '127.0.0.1');
  await once(bridge, 'listening');
  await ingester.is('has recorded the ping', async () => {
    const rows = await database.sql`select 1 from pings where check_id = ${check.id} and kind = 'success'`;
    return rows.length === 1;
  });
  ingester.child.kill('SIGTERM');
  expect(await ingester.exited).toBe(0);
  bridge.close();
  rmSync(settings.DATA_DIR!, { recursive: true, force: true });
});
