import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from './connect.ts';
import { selfSignedCertificate } from './testing/certificate.ts';

let server: Server;
/** Called with what a client said after the TLS handshake. */
let said: (data: Buffer) => void = () => {};

/** A server that agrees to TLS with a certificate that nobody knows, and no more. */
beforeAll(async () => {
  const secureContext = createSecureContext(await selfSignedCertificate('localhost'));
  server = createServer((socket: Socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write('S');
      const secure = new TLSSocket(socket, { isServer: true, secureContext });
      secure.on('error', () => undefined);
      secure.once('data', (data) => said(data));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.close();
});

function database(sslmode: string) {
  const hosts = [{ host: '127.0.0.1', port: (server.address() as AddressInfo).port }];
  return connect({ target: { hosts, database: 'x', user: 'x', password: '', sslmode }, applicationName: 'x', max: 1 });
}

test.each(['verify-ca', 'verify-full'])('%s refuses a certificate of an unknown authority', async (sslmode) => {
  const { sql, close } = database(sslmode);
  await expect(sql`select 1`).rejects.toThrow(/self-signed/);
  await close(0);
});

test('require takes any certificate', async () => {
  const { sql, close } = database('require');
  const startup = new Promise<Buffer>((resolve) => {
    said = resolve;
  });
  sql`select 1`.catch(() => undefined);
  expect((await startup).toString()).toContain('database');
  await close(0);
});

test('verify-ca does not look at the name, verify-full does', () => {
  const option = (sslmode: string) => database(sslmode).sql.options.ssl;
  expect(option('verify-ca')).toEqual({ checkServerIdentity: expect.any(Function) });
  expect(option('verify-full')).toBe('verify-full');
});
