import { createServer, type Server } from 'node:net';

/**
 * Below the range that systems take the ports of outgoing connections from: a client that tries again and again to reach
 * a server that was killed would else end up connected to itself, and the server would not get its port back. And below
 * what `npm start` takes for its database (packages/cli/src/support/ports.ts).
 */
const FIRST = 10_000;
const PORTS = 5_000;
/**
 * A port is free again from when it was found until its server listens, and whenever a test kills that server. So the
 * processes that run test files at the same time look in parts of the range that do not overlap, and each hands out a
 * port once.
 */
const PARTS = 10;
const [first, size] = partOf(process.env.VITEST_POOL_ID);
let next = Math.floor(Math.random() * size);

/** The part of a process of vitest's pool (1, 2, …); the last is for all others, such as what starts the pool. */
function partOf(pool: string | undefined): [first: number, size: number] {
  const size = PORTS / PARTS;
  const part = pool === undefined ? PARTS - 1 : (Number(pool) - 1) % (PARTS - 1);
  return [FIRST + part * size, size];
}

/** A port that is free at the moment, and that nobody else who asks here is told. */
export async function freePort(): Promise<number> {
  return (await freePorts(1))[0]!;
}

/** As many, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers: Server[] = [];
  const ports: number[] = [];
  while (ports.length < count) {
    const port = first + (next++ % size);
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
