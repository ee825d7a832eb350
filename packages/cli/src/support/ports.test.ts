import { createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { checkPorts, freePort } from './ports.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function occupied(): Promise<number> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

test('a port in use is named with its variable', async () => {
  const port = await occupied();
  await expect(checkPorts([{ variable: 'PORT', host: '0.0.0.0', port }])).rejects.toThrow(
    `Port ${port} (PORT) on 0.0.0.0 is already in use by another program. Stop that program, or set PORT to a free port.`,
  );
});

test('two variables with one port are both named', async () => {
  const port = await freePort([]);
  const listeners = ['PORT', 'PING_PORT'].map((variable) => ({ variable, host: '127.0.0.1', port }));
  await expect(checkPorts(listeners)).rejects.toThrow(`PORT and PING_PORT are both ${port}`);
});

test('an address that is not ours', async () => {
  const at = { variable: 'PORT', host: '192.0.2.1', port: await freePort([]) };
  await expect(checkPorts([at])).rejects.toThrow('192.0.2.1 is not an address of this machine');
});

test('free ports pass, and a free port is outside the range of outgoing connections', async () => {
  const port = await freePort([]);
  expect(port).toBeGreaterThanOrEqual(15_000);
  expect(port).toBeLessThan(30_000);
  await checkPorts([{ variable: 'PORT', host: '127.0.0.1', port }]);
});
