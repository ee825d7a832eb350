import { createServer, type Server } from 'node:net';

/**
 * A port that is free at the moment. From below the range that systems take the ports of outgoing connections from: a
 * client that tries again and again to reach a server that was killed would else end up connected to itself, and the
 * server would not get its port back.
 */
export async function freePort(): Promise<number> {
  return (await freePorts(1))[0]!;
}

/** As many, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers: Server[] = [];
  const ports: number[] = [];
  while (ports.length < count) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const server = await open(port);
    if (!server) continue;
    servers.push(server);
    ports.push(port);
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Null when somebody has it, on whatever address. */
function open(port: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => resolve(server));
  });
}
