import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@overdue/clock';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connect, type Database, isConnectionError } from './connect.ts';
import { type EmbeddedServer, embeddedTarget, initialise, startEmbedded } from './embedded.ts';
import { freePort } from './testing/ports.ts';
import { testBinaries } from './testing/server.ts';

/** Two servers of our own: the tests end and pause them. */
let folder: string;
const running: EmbeddedServer[] = [];
const open: Database[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'overdue-connect-'));
});
afterEach(async () => {
  for (const database of open.splice(0)) await database.close(0);
  for (const server of running.splice(0)) await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(name: string, port: number, settings: Record<string, string> = {}): Promise<EmbeddedServer> {
  const directory = join(folder, name);
  initialise({ directory, ...testBinaries() });
  const server = await startEmbedded({
    directory,
    port,
    clock: systemClock,
    durable: false,
    settings: { shared_buffers: '16MB', ...settings },
    ...testBinaries(),
  });
  running.push(server);
  return server;
}

function pool(...ports: number[]): Database {
  const target = {
    ...embeddedTarget(ports[0]!, 'postgres'),
    hosts: ports.map((port) => ({ host: '127.0.0.1', port })),
  };
  const database = connect({ target, applicationName: 'test', max: 3, connectTimeout: 30_000 });
  open.push(database);
  return database;
}

/** Until it does not throw. */
const eventually = <T>(attempt: () => Promise<T>) => vi.waitFor(attempt, { timeout: 60_000, interval: 50 });

test('a pool, a transaction and a listener outlive kill -9 of the server', async () => {
  const port = await freePort();
  const server = await start('a', port, { fsync: 'on', synchronous_commit: 'on' });
  const database = pool(port);
  const heard: string[] = [];
  let listening = 0;
  await database.sql.listen(
    't',
    (payload) => heard.push(payload),
    () => listening++,
  );
  await database.sql`create table t (x int)`;

  const cut = database.sql.begin(async (tx) => {
    await tx`insert into t values (1)`;
    const [own] = await tx<{ pid: number }[]>`select pg_backend_pid() as pid`;
    process.kill(server.pid, 'SIGKILL');
    process.kill(own!.pid, 'SIGKILL'); // it may not notice for a moment, and commit
    await server.exited;
    await tx`insert into t values (2)`;
  });
  const error = await cut.then(
    () => null,
    (e: unknown) => e,
  );
  expect(isConnectionError(error)).toBe(true);
  running.pop();
  await eventually(() => start('a', port)); // the dead server's children may hold its shared memory for a moment

  const rows = await eventually(() => database.sql`select * from t`);
  expect(rows).toHaveLength(0); // nothing half-done
  await eventually(async () => expect(listening).toBe(2));
  await database.sql`select pg_notify('t', 'again')`;
  await eventually(async () => expect(heard).toEqual(['again']));
});

test('of several hosts the writable one is used, and followed when it moves', async () => {
  const [first, second] = [await freePort(), await freePort()];
  await start('first', first, { default_transaction_read_only: 'on' });
  await start('second', second);
  const database = pool(first, second);
  const port = async () => (await database.sql`select inet_server_port() as port`)[0]!.port as number;
  expect(await port()).toBe(second);

  // The roles change places: the old writable one goes away, the other is promoted.
  const admin = pool(first);
  await admin.sql.unsafe(`alter system set default_transaction_read_only to off`);
  await running[0]!.stop();
  await running[1]!.stop();
  running.splice(0);
  await start('first', first, {});
  expect(await eventually(port)).toBe(first);
});

test('a server that is not there is a connection error, a wrong statement is not', async () => {
  const database = pool(await freePort());
  expect(isConnectionError(await database.sql`select 1`.catch((e: unknown) => e))).toBe(true);
  const port = await freePort();
  await start('b', port);
  expect(isConnectionError(await pool(port).sql`select wrong`.catch((e: unknown) => e))).toBe(false);
});

test('a host may be the directory of a Unix socket, whatever sslmode says', async () => {
  const port = await freePort();
  await start('unix', port, { unix_socket_directories: folder });
  for (const sslmode of ['disable', 'prefer', 'verify-full']) {
    const target = { ...embeddedTarget(port, 'postgres'), hosts: [{ host: folder, port }], sslmode };
    const database = connect({ target, applicationName: 'test', max: 1 });
    open.push(database);
    const [row] = await database.sql`select inet_client_addr() as address`;
    expect(row).toEqual({ address: null });
  }
});

test('a transaction that is left open ends by itself, whoever opened it; a service may say sooner', async () => {
  const port = await freePort();
  await start('c', port);
  const settings = { idle_in_transaction_session_timeout: '100' };
  const target = embeddedTarget(port, 'postgres');
  const impatient = connect({ target, applicationName: 'test', max: 1, settings });
  open.push(impatient);
  const limits = async ({ sql }: Database) =>
    (
      await sql`select current_setting('idle_in_transaction_session_timeout') as idle,
                       current_setting('client_connection_check_interval') as watch`
    )[0];
  expect(await limits(pool(port))).toEqual({ idle: '1min', watch: '1s' });
  expect(await limits(impatient)).toEqual({ idle: '100ms', watch: '1s' });
});
