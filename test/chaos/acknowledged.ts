/** Load whose every answer is remembered, and the count afterwards: each acknowledged ping exactly once. */
import { randomUUID } from 'node:crypto';
import type { Instant } from '@overdue/clock';
import type { Database } from '@overdue/database';
import { load } from '../load/http-client.ts';
import { eventually } from '../support/eventually.ts';

export interface Target {
  readonly codes: readonly string[];
}

/** Makes a user, a project with a log that forgets nothing, and checks. */
export async function makeChecks({ sql }: Database, count: number): Promise<Target> {
  const [user] = await sql<{ id: number }[]>`
    insert into users (username, email) values (${randomUUID()}, ${`${randomUUID()}@host.test`}) returning id`;
  const [project] = await sql<{ id: number }[]>`
    insert into projects (owner_id, badge_key, ping_log_limit) values (${user!.id}, ${randomUUID()}, 1000000) returning id`;
  const rows = await sql<{ code: string }[]>`
    insert into checks (project_id) select ${project!.id} from generate_series(1, ${count}) returning code`;
  return { codes: rows.map((row) => row.code) };
}

export interface Sent {
  /** Run ids (one a ping) that were answered 200; with `plain`, how many for each check. */
  readonly acknowledged: Set<string>;
  /** Run ids that were answered 503. */
  readonly refused: Set<string>;
  readonly acknowledgedOf: Map<string, number>;
  readonly sentOf: Map<string, number>;
  readonly statuses: Record<number, number>;
  /** Of all answers; whoever looks at a part of the time sets it to 0 before that. */
  slowestMs: number;
  /** When the last 200 came. */
  lastAcknowledged: Instant;
}

export interface SendOptions {
  readonly ports: readonly number[];
  readonly target: Target;
  /** Pings a second. A machine that is slower, or stands still for a while, sends them later. */
  readonly rate: number;
  readonly connections?: number;
  /** Plain successes, that the throttle may coalesce, instead of pings with a run id each. */
  readonly plain?: boolean;
}

/** Load that goes on until it is told to end: what happens meanwhile waits for answers, not for time to pass. */
export interface Sending {
  /** What has come of it so far. */
  readonly sent: Sent;
  /** Resolves when so many more pings have been answered 200. */
  acknowledged(count: number): Promise<void>;
  /** Ends it; resolves when what was under way is answered. */
  end(): Promise<Sent>;
}

export function keepSending(options: SendOptions): Sending {
  const { ports, target, rate, connections = 32, plain = false } = options;
  const sent: Sent = {
    acknowledged: new Set(),
    refused: new Set(),
    acknowledgedOf: new Map(),
    sentOf: new Map(),
    statuses: {},
    slowestMs: 0,
    lastAcknowledged: 0,
  };
  let isOver = false;
  const ended = Promise.all(
    ports.map((port) => {
      const pings: { code: string; rid: string }[] = [];
      return load({
        port,
        connections,
        isOver: () => isOver,
        rate: rate / ports.length,
        request(i) {
          const code = target.codes[Math.floor(Math.random() * target.codes.length)]!;
          const rid = plain ? '' : randomUUID();
          pings[i] = { code, rid };
          sent.sentOf.set(code, (sent.sentOf.get(code) ?? 0) + 1);
          return `GET /${code}${plain ? '' : `?rid=${rid}`} HTTP/1.1\r\nHost: chaos\r\n\r\n`;
        },
        onAnswer(status, i, ms) {
          const { code, rid } = pings[i]!;
          sent.statuses[status] = (sent.statuses[status] ?? 0) + 1;
          sent.slowestMs = Math.max(sent.slowestMs, ms);
          if (status === 503) sent.refused.add(rid);
          if (status !== 200) return;
          sent.lastAcknowledged = Date.now();
          if (!plain) sent.acknowledged.add(rid);
          sent.acknowledgedOf.set(code, (sent.acknowledgedOf.get(code) ?? 0) + 1);
        },
      });
    }),
  );
  return {
    sent,
    async acknowledged(count) {
      const so = () => sent.statuses[200] ?? 0;
      const enough = so() + count;
      await eventually(`${count} more pings are acknowledged`, () => so() >= enough, { seconds: 200, every: 20 });
    },
    async end() {
      isOver = true;
      await ended;
      return sent;
    },
  };
}

/** Sends until so many pings have been acknowledged. */
export async function send(count: number, options: SendOptions): Promise<Sent> {
  const sending = keepSending(options);
  await sending.acknowledged(count).catch(async (error) => {
    await sending.end();
    throw error;
  });
  return await sending.end();
}

export interface Count {
  /** Acknowledged pings that are not in the log (must be 0). */
  readonly lost: number;
  /** Pings that are in the log more than once (must be 0). */
  readonly twice: number;
  /** Pings that are in the log though they were answered 503: sent again, they count twice (must be 0). */
  readonly refusedTaken: number;
  /** Checks whose counter is not the number of their pings in the log (must be 0). */
  readonly miscounted: number;
  /** Checks that have fewer pings than were acknowledged, or more than were sent (must be 0). */
  readonly impossible: number;
}

/** For pings with run ids. */
export async function count({ sql }: Database, sent: Sent): Promise<Count> {
  const logged = await sql<{ rid: string; times: number }[]>`
    select rid, count(*)::int as times from pings where rid is not null group by rid`;
  const rids = new Set(logged.map((row) => row.rid));
  let lost = 0;
  for (const rid of sent.acknowledged) if (!rids.has(rid)) lost++;
  const refusedTaken = [...sent.refused].filter((rid) => rids.has(rid)).length;
  return {
    lost,
    refusedTaken,
    twice: logged.filter((row) => row.times > 1).length,
    ...(await counters({ sql } as Database, sent)),
  };
}

/** For plain pings: by the counters. */
export async function counters({ sql }: Database, sent: Sent): Promise<{ miscounted: number; impossible: number }> {
  const rows = await sql<{ code: string; n: number; logged: number }[]>`
    select c.code, c.n_pings as n, (select count(*)::int from pings p where p.check_id = c.id) as logged from checks c`;
  let miscounted = 0;
  let impossible = 0;
  for (const { code, n, logged } of rows) {
    if (sent.acknowledged.size > 0 && n !== logged) miscounted++;
    if (n < (sent.acknowledgedOf.get(code) ?? 0) || n > (sent.sentOf.get(code) ?? 0)) impossible++;
  }
  return { miscounted, impossible };
}

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
