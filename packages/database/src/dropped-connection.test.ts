import { type AddressInfo, createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { connect, type Database } from './connect.ts';
import { createTestDatabase } from './testing/index.ts';

let database: Database | undefined;
afterEach(() => database?.close(0));

const AUTHENTICATION_OK = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0]);
const READY_FOR_QUERY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

// patches/postgres: the driver's own first query was one that nobody waits for, and its failure ended the process.
// Vitest fails a run with an unhandled rejection.
test('a connection that closes under the driver’s own first query fails the query at hand, and nothing else', async () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.write(Buffer.concat([AUTHENTICATION_OK, READY_FOR_QUERY]));
      socket.once('data', () => socket.resetAndDestroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const target = { hosts: [{ host: '127.0.0.1', port }], database: 'x', user: 'x', password: '', sslmode: 'disable' };
  database = connect({ target, applicationName: 'test', max: 1 });
  const { sql } = database;
  await expect(sql`select 1`).rejects.toThrow();
  await expect(sql`select 1`).rejects.toThrow();
  expect(connections).toBeGreaterThanOrEqual(2);
  server.close();
});

// patches/postgres: it was waited for until whoever waited gave up.
test('what waits to be sent over a reserved connection fails when that closes', async () => {
  const other = await createTestDatabase();
  database = connect({ target: other.target, applicationName: 'test', max: 1 });
  const sql = await database.sql.reserve();
  const [own] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
  // With a parameter: the driver asks the server for its type, and sends nothing else meanwhile.
  const statements = [sql`select pg_sleep(${60}::int)`.execute(), sql`select 1`.execute()];
  const ended = Promise.allSettled(statements);
  const state = async () => (await other.sql`select state from pg_stat_activity where pid = ${own!.pid}`)[0]?.state;
  await expect.poll(state).toBe('active');
  await other.sql`select pg_terminate_backend(${own!.pid}::int)`;
  expect((await ended).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await other.drop();
});
