import { createApiKey } from '@overdue/accounts';
import type { Database } from '@overdue/database';
import type { BenchContext, Benchmark, Figure, Service } from './harness.ts';
import { type LoadResult, load } from './http-client.ts';
import { checkCode, seedChecks } from './seed.ts';

/** The management API and badges on a project of 1,000 checks, alone and beside pings (issue 5, "what it must show"). */

const CHECKS = 1000;
const PINGS_PER_SECOND = 2000;
/** What the harness gives its services. */
const SECRET_KEY = 'bench';

/** Milliseconds at the 99th percentile; beside pings three times that. */
const BARS = { list: 40, get: 3, create: 6 } as const;

interface Bench {
  readonly web: Service;
  readonly ingester: Service;
  readonly key: string;
}

async function start(context: BenchContext): Promise<Bench> {
  const { database, url } = await context.postgres();
  const projectId = await seedChecks(database, CHECKS);
  await dress(database, projectId);
  const key = await createApiKey(database.sql, SECRET_KEY, { projectId, kind: 'rw', createdBy: null });
  const [ingester, web] = await Promise.all([
    context.service('ingester', { DATABASE_URL: url, PING_THROTTLE_SECONDS: '0' }),
    context.service('web', { DATABASE_URL: url }),
  ]);
  return { web, ingester, key };
}

/** Tags, schedules, three integrations each, a last ping: what a project that is in use has. */
async function dress({ sql }: Database, projectId: number): Promise<void> {
  await sql`
    update checks
    set tags = 'prod group-' || id % 10, status = 'up', last_ping = now(), n_pings = 1,
        alert_after = now() + interval '25 hours', wake_at = now() + interval '25 hours',
        kind = case id % 2 when 0 then 'cron' else 'simple' end, schedule = id % 60 || ' 3 * * *', tz = 'Europe/Riga'
    where project_id = ${projectId}`;
  await sql`
    insert into channels (project_id, kind, name, value)
    select ${projectId}, 'email', 'channel ' || i, '{"value": "ops@example.org", "up": true, "down": true}'
    from generate_series(1, 3) i`;
  await sql`insert into channel_checks (check_id, channel_id) select c.id, ch.id from checks c, channels ch`;
  await sql`vacuum analyze checks`;
}

const request = (method: string, path: string, headers: Record<string, string> = {}, body = '') =>
  `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}${body ? `Content-Length: ${body.length}\r\n` : ''}\r\n${body}`;

/** One request at a time, as a client that waits for its answer makes them. */
function measure({ web, key }: Bench, name: keyof typeof BARS, requests: number): Promise<LoadResult> {
  const headers = { 'X-Api-Key': key };
  const make = {
    list: () => request('GET', '/api/v3/checks/', headers),
    get: (i: number) => request('GET', `/api/v3/checks/${checkCode(i % CHECKS)}`, headers),
    create: (i: number) =>
      request('POST', '/api/v3/checks/', headers, JSON.stringify({ name: `made ${i}`, timeout: 3600, channels: '*' })),
  }[name];
  return load({ port: web.port, connections: 1, requests, request: make });
}

/** @param results of one after the other; the middle one counts, because a machine with neighbours stalls now and then */
function latencyFigure(name: string, results: readonly LoadResult[], bar: number): Figure {
  const { latency, statuses } = results.toSorted((a, b) => a.latency.p99 - b.latency.p99)[results.length >> 1]!;
  const each = results.length > 1 ? `p99 each ${results.map((r) => r.latency.p99.toFixed(2)).join(' ')}, ` : '';
  return {
    name,
    value: latency.p99,
    unit: 'ms p99',
    bar: `p99 < ${bar} ms`,
    ok: latency.p99 < bar && results.every(({ errors }) => errors === 0),
    note: `${each}p50 ${latency.p50.toFixed(2)} ms, max ${latency.max.toFixed(1)} ms, answers ${JSON.stringify(statuses)}`,
  };
}

const TIMES = 5;

async function measureTimes(bench: Bench, name: keyof typeof BARS, requests: number): Promise<LoadResult[]> {
  const results: LoadResult[] = [];
  for (let i = 0; i < TIMES; i++) results.push(await measure(bench, name, requests));
  return results;
}

/** Runs `work` while pings come in at the given rate. */
async function besidePings<T>(
  { ingester }: Bench,
  durationMs: number,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly pings: LoadResult }> {
  const pinging = load({
    port: ingester.port,
    connections: 16,
    durationMs,
    rate: PINGS_PER_SECOND,
    request: (i) => request('GET', `/${checkCode(i % CHECKS)}`),
  });
  const result = await work();
  return { result, pings: await pinging };
}

export const apiBenchmarks: readonly Benchmark[] = [
  {
    name: 'api',
    async run(context) {
      const bench = await start(context);
      const counts = { list: 300, get: 3000, create: 1000 } as const;
      const names = ['list', 'get', 'create'] as const;
      // Creating comes last: it makes the list longer.
      for (const name of ['list', 'get'] as const) await measure(bench, name, counts[name]);
      const figures: Figure[] = [];
      for (const name of ['list', 'get'] as const) {
        figures.push(latencyFigure(`api-${name}`, await measureTimes(bench, name, counts[name]), BARS[name]));
      }
      const beside = await besidePings(bench, 20_000, async () => {
        const results: LoadResult[] = [];
        for (const name of names) results.push(await measure(bench, name, counts[name]));
        return results;
      });
      figures.push(latencyFigure('api-create', await measureTimes(bench, 'create', counts.create), BARS.create));
      const pings = `beside ${Math.round(beside.pings.rate)} pings/s`;
      for (const [i, name] of names.entries()) {
        const figure = latencyFigure(`api-${name} ${pings}`, [beside.result[i]!], BARS[name] * 3);
        figures.push(figure);
      }
      return figures;
    },
  },
  {
    // Badges for tags, all checks and single checks, in all formats, while pings come in.
    name: 'badges',
    async run(context) {
      const bench = await start(context);
      const answer = await fetch(`http://127.0.0.1:${bench.web.port}/api/v3/badges/`, {
        headers: { 'X-Api-Key': bench.key },
      });
      const { badges } = (await answer.json()) as { badges: Record<string, Record<string, string>> };
      const paths = Object.values(badges).flatMap((urls) => Object.values(urls).map((url) => new URL(url).pathname));
      const requests = paths.map((path) => request('GET', path));
      const options = { connections: 32, request: (i: number) => requests[i % requests.length]! };
      await load({ ...options, port: bench.web.port, durationMs: 2000 });
      const { result, pings } = await besidePings(bench, 10_000, () =>
        load({ ...options, port: bench.web.port, durationMs: 10_000 }),
      );
      const { p50, p99 } = result.latency;
      const name = `badges beside ${Math.round(pings.rate)} pings/s`;
      return [
        {
          name,
          value: result.rate,
          unit: '/s',
          bar: '4,000/s',
          ok: result.rate >= 4000 && result.errors === 0,
          note: `answers ${JSON.stringify(result.statuses)}`,
        },
        { name, value: p99, unit: 'ms p99', bar: '20 ms', ok: p99 < 20, note: `p50 ${p50.toFixed(1)} ms` },
      ];
    },
  },
];
