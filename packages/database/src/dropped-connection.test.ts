import { type AddressInfo, createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { connect, type Database } from './connect.ts';

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
