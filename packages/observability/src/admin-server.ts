import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '@overdue/clock';
import type { Logger } from './logger.ts';
import type { Registry } from './metrics.ts';
import { listenError } from './start-error.ts';

export interface AdminServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly service: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  /** Is the process itself sound? /healthz; a supervisor restarts it when not. */
  readonly live: () => boolean;
  /** What keeps the process from doing its whole job, in words; empty: ready. /readyz; a load balancer asks it. */
  readonly ready: () => Promise<readonly string[]>;
}

export interface AdminServer {
  readonly port: number;
  close(): Promise<void>;
}

/** How long /readyz waits for the answer to "are you ready?", in milliseconds. */
const READY_TIMEOUT_MS = 2000;

/**
 * Opens the service's admin port: `/healthz` and `/readyz` (200 `OK`, else 503 and one reason a line) and `/metrics`.
 * @throws StartError naming the variable and the port when it cannot be opened
 */
export async function startAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const server = createServer((request, response) => {
    answer(options, request.url ?? '/', response).catch((err: unknown) => {
      options.logger.error({ err, url: request.url }, 'An admin page failed');
      if (!response.headersSent) send(response, 500, 'Internal error; see the log.\n');
    });
  });
  await listen(server, options);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(options: AdminServerOptions, url: string, response: ServerResponse): Promise<void> {
  switch (url.split('?')[0]) {
    case '/healthz':
      return options.live() ? send(response, 200, 'OK\n') : send(response, 503, 'The process is failing.\n');
    case '/readyz': {
      const reasons = await inTime(options);
      return reasons.length === 0 ? send(response, 200, 'OK\n') : send(response, 503, `${reasons.join('\n')}\n`);
    }
    case '/metrics':
      return send(response, 200, await options.registry.metrics(), options.registry.contentType);
    default:
      return send(response, 404, 'There are /healthz, /readyz and /metrics.\n');
  }
}

async function inTime({ ready, clock }: AdminServerOptions): Promise<readonly string[]> {
  const answered = new AbortController();
  const late = clock.sleep(READY_TIMEOUT_MS, answered.signal);
  try {
    return await Promise.race([
      ready().catch((error: unknown) => [error instanceof Error ? error.message : String(error)]),
      late.then(() => ['The service did not say within 2 seconds whether it is ready.']),
    ]);
  } finally {
    answered.abort();
  }
}

function send(response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}

function listen(server: Server, { host, port, service }: AdminServerOptions): Promise<void> {
  const variable = `${service.toUpperCase()}_ADMIN_PORT`;
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, { variable, host, port })));
    server.listen({ host, port, exclusive: true }, () => resolve());
  });
}
