import type { BenchContext } from './harness.ts';
import { load } from './http-client.ts';
import { checkCode, seedChecks } from './seed.ts';

export const CHECKS = 100_000;

/** The bytes of a GET request. @param extra header lines, each with its CRLF */
export const get = (path: string, extra = '') => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${extra}\r\n`;
/** Code of any of the seeded checks. */
export const randomCheck = () => checkCode(Math.floor(Math.random() * CHECKS));

/** A ping server over `checks` seeded checks, none of which was pinged before. */
export async function freshPingServer(context: BenchContext, env: Record<string, string>, checks = CHECKS) {
  const postgres = await context.postgres();
  await seedChecks(postgres.database, checks);
  const ingester = await context.service('ingester', { DATABASE_URL: postgres.url, ...env });
  return { ...postgres, ingester };
}

/** The same as it is most of its life: every check has been pinged, so it is up, and known to the ingester. */
export async function pingServer(context: BenchContext, env: Record<string, string>, checks = CHECKS) {
  const server = await freshPingServer(context, env, checks);
  const request = (i: number) => get(`/${checkCode(i)}`);
  await load({ port: server.ingester.port, connections: 256, requests: checks, request });
  return server;
}
