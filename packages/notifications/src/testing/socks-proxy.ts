/** A SOCKS proxy (4, 4a and 5) for tests: it takes everybody to one port of this machine, and notes where they asked to go. */

import type { AddressInfo } from 'node:net';
import { createConnection, createServer, type Socket } from 'node:net';

export interface SocksProxy {
  readonly port: number;
  /** `VERSION USER HOST:PORT` for each connection asked for, the user as it was given. */
  readonly asked: string[];
  /** False: nobody is taken anywhere. */
  willing: boolean;
  close(): void;
}

export async function startSocksProxy(target: number): Promise<SocksProxy> {
  const proxy: SocksProxy = { port: 0, asked: [], willing: true, close: () => server.close() };
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    serve(socket, target, proxy).catch(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(proxy, { port: (server.address() as AddressInfo).port });
}

async function serve(socket: Socket, target: number, proxy: SocksProxy): Promise<void> {
  const [version] = await read(socket, 1);
  const [granted, refused] = version === 5 ? await askedOf5(socket, proxy) : await askedOf4(socket, proxy);
  if (!proxy.willing) return void socket.end(refused);
  const onward = createConnection(target, '127.0.0.1', () => {
    socket.write(granted);
    socket.pipe(onward).pipe(socket);
  });
  onward.on('error', () => socket.destroy());
}

/** RFC 1928, with a user name and password (RFC 1929) when the client offers them. Returns the two answers. */
async function askedOf5(socket: Socket, proxy: SocksProxy): Promise<[Buffer, Buffer]> {
  const methods = await read(socket, (await read(socket, 1))[0]!);
  let user = '-';
  socket.write(Buffer.from([5, methods.includes(2) ? 2 : 0]));
  if (methods.includes(2)) {
    await read(socket, 1);
    const name = await read(socket, (await read(socket, 1))[0]!);
    user = `${name}:${await read(socket, (await read(socket, 1))[0]!)}`;
    socket.write(Buffer.from([1, 0]));
  }
  const kind = (await read(socket, 4))[3];
  const host = kind === 1 ? (await read(socket, 4)).join('.') : String(await read(socket, (await read(socket, 1))[0]!));
  proxy.asked.push(`5 ${user} ${host}:${(await read(socket, 2)).readUInt16BE()}`);
  const answer = (code: number) => Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0]);
  return [answer(0), answer(5)];
}

async function askedOf4(socket: Socket, proxy: SocksProxy): Promise<[Buffer, Buffer]> {
  await read(socket, 1);
  const port = (await read(socket, 2)).readUInt16BE();
  const address = await read(socket, 4);
  const user = (await readText(socket)) || '-';
  const isName = address.readUInt32BE() < 256;
  proxy.asked.push(`4 ${user} ${isName ? await readText(socket) : address.join('.')}:${port}`);
  const answer = (code: number) => Buffer.from([0, code, 0, 0, 0, 0, 0, 0]);
  return [answer(90), answer(91)];
}

async function read(socket: Socket, size: number): Promise<Buffer> {
  for (;;) {
    const bytes = size === 0 ? Buffer.alloc(0) : (socket.read(size) as Buffer | null);
    if (bytes) return bytes;
    await new Promise<void>((resolve, reject) => {
      socket.once('readable', resolve);
      socket.once('close', () => reject(new Error('closed')));
    });
  }
}

/** Up to a null byte. */
async function readText(socket: Socket): Promise<string> {
  let text = '';
  for (;;) {
    const [byte] = await read(socket, 1);
    if (byte === 0) return text;
    text += String.fromCharCode(byte!);
  }
}
