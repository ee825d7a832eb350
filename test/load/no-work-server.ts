/**
 * The limit that other figures stand beside: uWebSockets.js answering "OK" with no work, in a process of its own.
 * Tells its parent the port it listens on.
 */
import { createRequire } from 'node:module';

const uws: typeof import('uWebSockets.js') = createRequire(import.meta.url)('uWebSockets.js');

uws
  .App()
  .any('/*', (res) => {
    res.end('OK');
  })
  .listen('127.0.0.1', 0, (socket) => {
    if (!socket) throw new Error('cannot listen');
    process.send?.({ port: uws.us_socket_local_port(socket) });
  });
