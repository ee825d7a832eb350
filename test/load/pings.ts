import { randomUUID } from 'node:crypto';
import type { BenchContext, Benchmark, Figure } from './harness.ts';
import { type LoadOptions, load } from './http-client.ts';
import {
  CHECKS,
  countedPings,
  expectCounted,
  FEW_CHECKS,
  freshPingServer,
  get,
  onlyAnswered,
  pingServer,
  randomCheck,
} from './ping-server.ts';
import { checkCode } from './seed.ts';
import { type Compared, inTurns } from './turns.ts';

const SECONDS = 10;

/** Beside the same load on the no-work server. */
async function besideNoWork(
  context: BenchContext,
  port: number,
  options: Omit<LoadOptions, 'port' | 'durationMs'>,
): Promise<Compared> {
  const noWork = await context.noWorkServer();
  const compared = await inTurns({ ...options, port }, { ...options, port: noWork.port });
  await noWork.stop();
  return compared;
}

/** @param bar what it must reach, and the status of every answer (default 200) */
function compare(
  name: string,
  { result, limit, ratio }: Compared,
  bar: { ratio?: number; rate?: number; p99?: number; status?: number },
): Figure {
  const status = bar.status ?? 200;
  const wanted = [
    bar.rate === undefined ? null : `${bar.rate.toLocaleString('en')}/s`,
    bar.p99 === undefined ? null : `p99 < ${bar.p99} ms`,
    bar.ratio === undefined ? null : `ratio ≥ ${bar.ratio}`,
    `all ${status}`,
  ].filter((x) => x !== null);
  return {
    name,
    value: result.rate,
    unit: '/s',
    limit: { name: 'no-work', value: limit.rate },
    ratio,
    bar: wanted.join(', '),
    ok:
      (bar.rate === undefined || result.rate >= bar.rate) &&
      (bar.p99 === undefined || result.latency.p99 < bar.p99) &&
      (bar.ratio === undefined || ratio >= bar.ratio) &&
      onlyAnswered(result, status),
    note: `p50 ${result.latency.p50.toFixed(1)} ms, p99 ${result.latency.p99.toFixed(1)} ms, max ${result.latency.max.toFixed(0)} ms, answers ${JSON.stringify(result.statuses)}, errors ${result.errors}`,
  };
}

export const pingBenchmarks: readonly Benchmark[] = [
  {
    // Random pings over 100,000 checks, each logged and committed before its 200.
    name: 'pings-durable',
    async run(context) {
      const options = { connections: 256, request: () => get(`/${randomCheck()}`) };
      const { ingester, database } = await pingServer(context, { PING_THROTTLE_SECONDS: '0' });
      const before = await countedPings(database);
      const compared = await besideNoWork(context, ingester.port, options);
      const counted = (await countedPings(database)) - before;
      if (counted !== compared.acknowledged) {
        throw new Error(`${compared.acknowledged} acknowledged but ${counted} counted`);
      }
      return [compare('pings-durable', compared, { rate: 20_000, p99: 50 })];
    },
  },
  {
    name: 'pings-throttled',
    async run(context) {
      const codes = Array.from({ length: 20 }, (_, i) => get(`/${checkCode(i)}`));
      const options = { connections: 256, request: (i: number) => codes[i % codes.length]! };
      const { ingester, database } = await pingServer(context, {}, 20);
      const compared = await besideNoWork(context, ingester.port, options);
      // One for each check by pingServer, then these; the throttle still holds some.
      await expectCounted(database, codes.length + compared.acknowledged);
      return [compare('pings-throttled', compared, { ratio: 0.7 })];
    },
  },
  {
    name: 'pings-unknown',
    async run(context) {
      const options = { connections: 256, request: () => get(`/${randomUUID()}`) };
      const { ingester } = await pingServer(context, {}, 1000);
      const compared = await besideNoWork(context, ingester.port, options);
      return [compare('pings-unknown', compared, { ratio: 0.5, status: 404 })];
    },
  },
  {
    // What a connection costs: with the settings as shipped, as its limit has no database either; and, for comparison,
    // with each ping committed on its own.
    name: 'pings-new-connections',
    async run(context) {
      const options = (checks: number) => ({
        connections: 256,
        newConnections: true,
        request: () => get(`/${randomCheck(checks)}`, 'Connection: close\r\n'),
      });
      const measure = async (env: Record<string, string>, checks: number) => {
        const { ingester } = await pingServer(context, env, checks);
        const compared = await besideNoWork(context, ingester.port, options(checks));
        await ingester.stop();
        return compared;
      };
      const shipped = await measure({}, FEW_CHECKS);
      const durable = await measure({ PING_THROTTLE_SECONDS: '0' }, CHECKS);
      return [
        compare('pings-new-connections', shipped, { ratio: 0.9 }),
        compare('pings-new-connections, throttle off', durable, {}),
      ];
    },
  },
  {
    // 10,000 pings at one instant over 2,000 connections.
    name: 'pings-burst',
    async run(context) {
      const { ingester } = await pingServer(context, { PING_THROTTLE_SECONDS: '0' });
      const request = () => get(`/${randomCheck()}`);
      await load({ port: ingester.port, connections: 2000, requests: 2000, request });
      const result = await load({ port: ingester.port, connections: 2000, requests: 10_000, request });
      return [
        {
          name: 'pings-burst',
          value: result.latency.max,
          unit: 'ms slowest',
          bar: 'all 200, slowest < 2,000 ms',
          ok: onlyAnswered(result, 200) && result.answered === 10_000 && result.latency.max < 2000,
          note: `answers ${JSON.stringify(result.statuses)}, errors ${result.errors}`,
        },
      ];
    },
  },
  {
    name: 'pings-bodies',
    async run(context) {
      const { ingester } = await pingServer(context, { PING_THROTTLE_SECONDS: '0' });
      const body = 'x'.repeat(10_000);
      const runs = new Map<number, { code: string; rid: string }>();
      const request = (i: number) => {
        const pair = i >> 1;
        const run = runs.get(pair) ?? { code: randomCheck(), rid: randomUUID() };
        if (i & 1) runs.delete(pair);
        else runs.set(pair, run);
        const path = `/${run.code}${i & 1 ? '' : '/start'}?rid=${run.rid}`;
        return `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      };
      await load({ port: ingester.port, connections: 64, durationMs: 1000, request });
      const result = await load({ port: ingester.port, connections: 64, durationMs: SECONDS * 1000, request });
      return [
        {
          name: 'pings-bodies',
          value: result.rate,
          unit: '/s',
          bar: '3,000/s, all 200',
          ok: result.rate >= 3000 && onlyAnswered(result, 200),
          note: `p99 ${result.latency.p99.toFixed(1)} ms, answers ${JSON.stringify(result.statuses)}`,
        },
      ];
    },
  },
  {
    name: 'memory',
    async run(context) {
      const figures: Figure[] = [];
      for (const [count, bar] of [
        [100_000, 180],
        [1_000_000, 450],
      ] as const) {
        const { ingester } = await freshPingServer(context, { PING_THROTTLE_SECONDS: '0' }, count);
        await load({ port: ingester.port, connections: 64, requests: count, request: (i) => get(`/${checkCode(i)}`) });
        const megabytes = ingester.rss() / 1e6;
        figures.push({
          name: `memory, ${count.toLocaleString('en')} checks`,
          value: megabytes,
          unit: 'MB',
          bar: `< ${bar} MB`,
          ok: megabytes < bar,
        });
        await ingester.stop();
      }
      return figures;
    },
  },
];
