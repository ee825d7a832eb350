/** The split deployment: each service a process of its own through `overdue serve`, on a database that is elsewhere. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { CLI, type Environment, freshEnvironment, overdue, ROOT } from '../support/product.ts';

// Each of these starts whole processes, on machines that may be busy.
vi.setConfig({ testTimeout: 600_000 });

let database: TestDatabase;
let env: Environment;
beforeAll(async () => {
  database = await createTestDatabase();
  // As on a new server: `serve` brings the schema.
  await database.sql.unsafe('drop schema public cascade; create schema public');
  const { hosts, user, database: name } = database.target;
  env = await freshEnvironment({
    DATABASE_URL: `postgres://${user}@${hosts[0]!.host}:${hosts[0]!.port}/${name}?sslmode=disable`,
    SECRET_KEY: 'the same fifty characters on every machine, please',
    DRAIN_SECONDS: '2',
  });
});
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await database.drop();
  rmSync(env.DATA_DIR!, { recursive: true, force: true });
});

const running: ChildProcess[] = [];

function serve(service: string, extra: Environment = {}): { child: ChildProcess; exited: Promise<number | null> } {
  const child = spawn(process.execPath, [CLI, 'serve', service], {
    env: { ...env, ...extra },
    cwd: ROOT,
    stdio: 'ignore',
  });
  running.push(child);
  return { child, exited: once(child, 'exit').then(([code]) => code as number | null) };
}

async function statusOf(url: string): Promise<number> {
  return (await fetch(url)).status;
}

test('four processes started at the same moment on an empty database make one product', async () => {
  for (const service of ['ingester', 'web', 'sendalerts', 'sendreports']) serve(service);
  for (const service of ['INGESTER', 'WEB', 'SENDALERTS', 'SENDREPORTS']) {
    const port = env[`${service}_ADMIN_PORT`];
    await eventually(`${service} is ready`, async () => (await statusOf(`http://127.0.0.1:${port}/readyz`)) === 200);
  }
  expect(await statusOf(`http://localhost:${env.PORT}/api/v3/status/`)).toBe(200);
  const { code, stdout } = await overdue(env, ['bootstrap', '--email', 'a@example.org', '--password', 'correct horse']);
  expect(code).toBe(0);
  const { api_key } = JSON.parse(stdout);
  const created = await fetch(`http://localhost:${env.PORT}/api/v3/checks/`, {
    method: 'POST',
    headers: { 'x-api-key': api_key },
    body: JSON.stringify({ name: 'split' }),
  });
  expect(created.status).toBe(201);
});

describe('stopping', () => {
  test('a service that is told to stop serves on as not-ready for DRAIN_SECONDS, then ends with exit code 0', async () => {
    const ports = await freshEnvironment();
    const other = serve('ingester', {
      PING_PORT: ports.PING_PORT!,
      INGESTER_ADMIN_PORT: ports.INGESTER_ADMIN_PORT!,
      DATA_DIR: ports.DATA_DIR!,
      // Long enough to be seen, also on a machine that stands still for a few seconds.
      DRAIN_SECONDS: '5',
    });
    const ready = `http://127.0.0.1:${ports.INGESTER_ADMIN_PORT}/readyz`;
    await eventually('the second ingester is ready', async () => (await statusOf(ready)) === 200);
    const began = performance.now();
    other.child.kill('SIGTERM');
    await eventually('it is not ready any more', async () => (await statusOf(ready)) === 503, { every: 20 });
    // An unknown check: the answer shows that it still serves.
    expect(await statusOf(`http://127.0.0.1:${ports.PING_PORT}/00000000-0000-4000-8000-000000000000`)).toBe(404);
    expect(await other.exited).toBe(0);
    expect(performance.now() - began).toBeGreaterThan(5000);
    rmSync(ports.DATA_DIR!, { recursive: true, force: true });
  });

  test('a port in use: exit code 78, which says that starting again does not help', async () => {
    const { exited } = serve('web');
    expect(await exited).toBe(78);
  });
});

test('ingester takes pings while somebody else migrates', async () => {
  const ports = await freshEnvironment();
  const [check] = await database.sql<{ code: string }[]>`select code from checks limit 1`;
  const migrating = await database.sql.reserve();
  // Kysely's lock.
  await migrating`select pg_advisory_lock(3853314791062309107)`;
  const other = serve('ingester', {
    PING_PORT: ports.PING_PORT!,
    INGESTER_ADMIN_PORT: ports.INGESTER_ADMIN_PORT!,
    DATA_DIR: ports.DATA_DIR!,
    DRAIN_SECONDS: '0',
  });
  const url = `http://127.0.0.1:${ports.PING_PORT}/${check!.code}/log`;
  await eventually('a ping is taken', async () => (await statusOf(url)) === 200);
  await migrating`select pg_advisory_unlock(3853314791062309107)`;
  migrating.release();
  other.child.kill('SIGTERM');
  expect(await other.exited).toBe(0);
  rmSync(ports.DATA_DIR!, { recursive: true, force: true });
});

test('npm start, told to stop while somebody else migrates, ends at once with exit code 0', async () => {
  const migrating = await database.sql.reserve();
  await migrating`select pg_advisory_lock(3853314791062309107)`;
  const { DATABASE_URL, SECRET_KEY } = env as { DATABASE_URL: string; SECRET_KEY: string };
  const ports = await freshEnvironment({ DATABASE_URL, SECRET_KEY });
  const child = spawn(process.execPath, [CLI, 'start'], { env: ports, cwd: ROOT, stdio: 'ignore' });
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
  rmSync(ports.DATA_DIR!, { recursive: true, force: true });
});

test('ingester starts while the database is away, takes pings, and they are there when it is back', async () => {
  const ports = await freshEnvironment();
  const [nowhere] = [ports.WEB_ADMIN_PORT];
  const url = new URL(env.DATABASE_URL!);
  // The database of the others, behind a port that nobody has opened yet.
  const away = serve('ingester', {
    DATABASE_URL: `postgres://${url.username}@127.0.0.1:${nowhere}${url.pathname}?sslmode=disable`,
    PING_PORT: ports.PING_PORT!,
    INGESTER_ADMIN_PORT: ports.INGESTER_ADMIN_PORT!,
    DATA_DIR: ports.DATA_DIR!,
    DRAIN_SECONDS: '0',
  });
  const [check] = await database.sql<{ id: number; code: string }[]>`select id, code from checks limit 1`;
  const ping = await eventually('a ping is taken', async () => {
    const response = await fetch(`http://127.0.0.1:${ports.PING_PORT}/${check!.code}`);
    return response.status === 200 ? response : null;
  });
  expect(ping.status).toBe(200);
  const status = await overdue({ ...env, DATA_DIR: ports.DATA_DIR! }, ['spool', 'status']);
  expect(JSON.parse(status.stdout)).toMatchObject({ count: 1, unreadable_bytes: 0 });

  const { createServer, connect: dial } = await import('node:net');
  const target = inject('databaseServer').hosts[0]!;
  const bridge = createServer((socket) => {
    const upstream = dial(target.port, target.host);
    socket.pipe(upstream).pipe(socket);
    for (const end of [socket, upstream]) end.on('error', () => end.destroy());
  });
  await new Promise<void>((resolve) => bridge.listen(Number(nowhere), '127.0.0.1', resolve));
  await eventually('the ping is in the database', async () => {
    const [row] = await database.sql<{ n_pings: number }[]>`select n_pings from checks where id = ${check!.id}`;
    return row!.n_pings === 1;
  });
  away.child.kill('SIGTERM');
  expect(await away.exited).toBe(0);
  bridge.close();
  rmSync(ports.DATA_DIR!, { recursive: true, force: true });
});
