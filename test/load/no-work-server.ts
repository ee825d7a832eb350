/**
 * The limit that other figures stand beside: uWebSockets.js answering "OK" with no work, in a process of its own.
 * Prints the port it listens on.
 */
import * as uws from 'uWebSockets.js';

uws
  .App()
  .any('/*', (res) => {
    res.end('OK');
  })
  .listen('127.0.0.1', 0, (socket) => {
    if (!socket) throw new Error('cannot listen');
    process.send?.({ port: portOf(socket) });
  });

function portOf(socket: unknown): number {
  return (uws as unknown as { us_socket_local_port(socket: unknown): number }).us_socket_local_port(socket);
}
