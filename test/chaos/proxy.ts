/** A TCP proxy that misbehaves on request: cuts, delays, goes silent with its connections open. */
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface FaultyProxy {
  readonly port: number;
  /** Milliseconds that each piece is held back, each way. */
  latency: number;
  /** Half-open: connections stay, and accept, but nothing goes through any more, in either direction. */
  silent: boolean;
  /** Resets every connection. */
  cut(): void;
  close(): Promise<void>;
}

export async function startProxy(target: { host: string; port: number }): Promise<FaultyProxy> {
  const sockets = new Set<Socket>();
  const proxy: FaultyProxy = {
    port: 0,
    latency: 0,
    silent: false,
    cut() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    async close() {
      this.cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const server: Server = createServer((client) => {
    const upstream = connect(target);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        // Silent means that neither side learns of the other's end.
        if (!proxy.silent) (socket === client ? upstream : client).destroy();
      });
    }
    const pass = (from: Socket, to: Socket) =>
      from.on('data', (chunk) => {
        if (proxy.silent) return;
        if (proxy.latency === 0) to.write(chunk);
        else setTimeout(() => to.destroyed || to.write(chunk), proxy.latency);
      });
    pass(client, upstream);
    pass(upstream, client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(proxy, { port: (server.address() as { port: number }).port });
}
