import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HttpProxy {
  /** `USER:PASSWORD@HOST:PORT`, the password URL-encoded. */
  readonly address: string;
  /** Method and target of each request line. */
  readonly asked: string[];
  close(): void;
}

/**
 * An HTTP proxy for tests, as Squid comes: http addresses in the request line, tunnels to port 443 only, a password. It
 * takes all requests to one port of this machine, and opens no tunnel.
 */
export async function startHttpProxy(port: number): Promise<HttpProxy> {
  const asked: string[] = [];
  const allowed = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (request.headers['proxy-authorization'] !== allowed) return void response.writeHead(407).end();
    const { pathname } = new URL(request.url!);
    const onward = forward({ port, path: pathname, method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  server.on('connect', (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `me:p%40ss@127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
