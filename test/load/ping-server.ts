import type { Database } from '@overdue/database';
import { eventually } from '../support/eventually.ts';
import type { BenchContext } from './harness.ts';
import { type LoadResult, load } from './http-client.ts';
import { checkCode, seedChecks } from './seed.ts';

export const CHECKS = 100_000;
/** So few that the throttle, as shipped, takes nearly all of their pings. */
export const FEW_CHECKS = 1000;

/** The bytes of a GET request. @param extra header lines, each with its CRLF */
export const get = (path: string, extra = '') => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${extra}\r\n`;
/** Code of any of the seeded checks. */
export const randomCheck = (checks = CHECKS) => checkCode(Math.floor(Math.random() * checks));

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

/** Whether every request got an answer, and that one. (A server that refuses everything is fast.) */
export function onlyAnswered(result: LoadResult, status: number): boolean {
  return result.errors === 0 && result.answered > 0 && result.statuses[status] === result.answered;
}

/** How many pings the checks count, all together. */
export async function countedPings(database: Database): Promise<number> {
  const [row] = await database.sql<{ n: number }[]>`select sum(n_pings)::bigint as n from checks`;
  return row!.n;
}

/** Waits until the checks count so many pings: the throttle writes a second later. @throws when they come to another number */
export async function expectCounted(database: Database, pings: number): Promise<void> {
  await eventually(`${pings} pings are counted`, async () => (await countedPings(database)) >= pings);
  const counted = await countedPings(database);
  if (counted !== pings) throw new Error(`${pings} acknowledged but ${counted} counted`);
}
