import { createServer } from 'node:net';

/**
 * TEST_POSTGRES_BINARIES names the directory (with bin/postgres) of another server than the installed one, for trying
 * PostgreSQL 14 to 17. Spread into the options of `initialise` and `startEmbedded`.
 */
export function testBinaries(): { readonly binaries?: string } {
  const binaries = process.env.TEST_POSTGRES_BINARIES;
  return binaries ? { binaries } : {};
}

/** A port that is free, below the range of outgoing connections, so that it stays free while a server restarts. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
