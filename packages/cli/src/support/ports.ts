import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { listenError, StartError } from '@overdue/observability';

export interface Listener {
  readonly variable: string;
  readonly host: string;
  readonly port: number;
}

/** Makes sure, before anything is started, that each port is free. @throws StartError naming the variable and the port */
export async function checkPorts(listeners: readonly Listener[]): Promise<void> {
  for (const [i, listener] of listeners.entries()) {
    const twin = listeners.slice(0, i).find((other) => other.port === listener.port);
    if (twin) {
      throw new StartError(
        `${twin.variable} and ${listener.variable} are both ${listener.port}: two services cannot share a port. ` +
          `Set one of them to another port.`,
      );
    }
    const error = await tryPort(listener.host, listener.port);
    if (error) throw listenError(error, listener);
  }
}

/**
 * A free port for the embedded database. From below the range that systems take the ports of outgoing connections
 * from: a client that tries again and again to connect to a closed port of that range may end up connected to itself,
 * and the server would not get its port back.
 */
export async function freePort(taken: readonly number[]): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = randomInt(15_000, 30_000);
    if (!taken.includes(port) && !(await tryPort('127.0.0.1', port))) return port;
  }
  throw new StartError('No free port was found for the embedded database between 15000 and 30000.');
}

/** Null when the port can be opened. */
export function tryPort(host: string, port: number): Promise<Error | null> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', resolve);
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(null)));
  });
}
