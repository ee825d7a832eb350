import { randomUUID } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { systemClock } from '@overdue/clock';
import { type Database, recordFlips, type Sql } from '@overdue/database';
import { startRedis } from '@overdue/queue/testing';
import { judgeDue } from '@overdue/sendalerts/judge';
import { eventually } from '../support/eventually.ts';
import type { BenchContext, Benchmark, Figure } from './harness.ts';
import { checkCode, seedChecks } from './seed.ts';

const HOUR = 3_600_000;

/** Keeps an ingester's row and stretch moving, for benchmarks that need no real one. Returns how to stop it. */
async function pretendIngester(sql: Sql): Promise<() => void> {
  const id = randomUUID();
  await sql`
    insert into instances (id, service, host, pid, started_at, watermark)
    values (${id}, 'ingester', 'bench', 1, now(), clock_timestamp())`;
  await sql`insert into coverage (instance_id, from_at, until_at) values (${id}, now() - interval '1 day', now())`;
  const timer = systemClock.every(1000, () => {
    void sql`update instances set seen_at = clock_timestamp(), watermark = clock_timestamp() where id = ${id}`
      .then(() => sql`update coverage set until_at = clock_timestamp() where instance_id = ${id}`)
      .catch(() => undefined);
  });
  return () => timer.cancel();
}

/** A receiver that counts what it gets and answers at once. */
async function receiver(context: BenchContext, onRequest: () => void): Promise<number> {
  const server = createHttpServer((request, response) => {
    request.resume();
    request.on('end', () => {
      onRequest();
      response.end('OK');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.cleanup(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

/** A receiver that takes connections and never answers. */
async function deadReceiver(context: BenchContext): Promise<number> {
  const sockets = new Set<{ destroy(): void }>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.cleanup(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function addWebhooks(sql: Sql, projectId: number, ports: readonly number[]): Promise<number[]> {
  const rows = ports.map((port) => ({
    value: {
      method_down: 'POST',
      url_down: `http://127.0.0.1:${port}/hook?check=$CODE`,
      body_down: '{"name": $NAME_JSON, "status": "$STATUS"}',
      headers_down: { 'Content-Type': 'application/json' },
      method_up: 'GET',
      url_up: '',
      body_up: '',
      headers_up: {},
      name: '',
    },
  }));
  const channels = await sql<{ id: number }[]>`
    insert into channels (project_id, kind, value)
    select ${projectId}, 'webhook', value from jsonb_to_recordset(${rows as never}::jsonb) as r(value jsonb) returning id`;
  return channels.map((row) => row.id);
}

/** Takes all checks, or those of one channel, down at once, so that each owes its channels a message. */
async function owe({ sql }: Database, channel: number | null = null): Promise<void> {
  const checks = await sql<{ id: number }[]>`
    select id from checks
    where ${channel}::bigint is null or id in (select check_id from channel_checks where channel_id = ${channel})
    order by id`;
  for (let i = 0; i < checks.length; i += 2000) {
    await recordFlips(
      sql,
      checks.slice(i, i + 2000).map(({ id }) => ({
        checkId: id,
        createdAt: Date.now(),
        oldStatus: 'up',
        newStatus: 'down',
        reason: 'timeout',
      })),
    );
  }
}

async function redisUrl(context: BenchContext): Promise<string> {
  const redis = await startRedis();
  context.cleanup(() => redis.stop());
  return redis.url;
}

/** Messages that a dead receiver is owed for each check before the others are owed anything. */
const BACKLOG = 4;

/** Seconds in which `count` webhooks arrive over `receivers`; a dead one is owed as many on top, and a backlog. */
async function deliver(
  context: BenchContext,
  options: { count: number; receivers: number; dead: boolean; redis: string | null },
): Promise<number> {
  const { database, url } = await context.postgres();
  let arrived = 0;
  let first = 0;
  let last = 0;
  const onRequest = () => {
    last = performance.now();
    if (arrived++ === 0) first = last;
  };
  const ports: number[] = [];
  for (let i = 0; i < options.receivers; i++) ports.push(await receiver(context, onRequest));
  const each = options.count / options.receivers;
  if (options.dead) ports.unshift(await deadReceiver(context));
  const project = await seedChecks(database, each * ports.length);
  const channels = await addWebhooks(database.sql, project, ports);
  await database.sql`
    insert into channel_checks (check_id, channel_id)
    select id, (${channels}::bigint[])[1 + (row_number() over (order by id) - 1) % ${channels.length}] from checks`;
  // What the dead one is owed comes first, and most of it waits behind older messages of its check.
  if (options.dead) for (let i = 0; i < BACKLOG; i++) await owe(database, channels[0]!);
  await owe(database);
  await database.sql`vacuum analyze`;
  context.cleanup(await pretendIngester(database.sql));
  const service = await context.service('sendalerts', {
    DATABASE_URL: url,
    ...(options.redis ? { REDIS_URL: options.redis } : {}),
  });
  await eventually(`${options.count} webhooks arrive`, () => arrived >= options.count, { seconds: 120 });
  await service.stop();
  return (last - first) / 1000;
}

function deliveryFigures(driver: 'postgres' | 'bullmq'): Benchmark {
  return {
    // 20,000 owed webhooks; then 100 receivers, without and with a dead one among them.
    name: `delivery-${driver}`,
    async run(context) {
      const redis = driver === 'bullmq' ? await redisUrl(context) : null;
      const figures: Figure[] = [];
      const seconds = await deliver(context, { count: 20_000, receivers: 1, dead: false, redis });
      const rate = 20_000 / seconds;
      figures.push({
        name: `webhooks delivered, ${driver}`,
        value: rate,
        unit: '/s',
        bar: '1,000/s',
        ok: rate >= 1000,
      });
      const all = await deliver(context, { count: 9900, receivers: 99, dead: false, redis });
      const withDead = await deliver(context, { count: 9900, receivers: 99, dead: true, redis });
      const slower = (withDead / all - 1) * 100;
      figures.push({
        name: `slower with 1 dead receiver, ${driver}`,
        value: slower,
        unit: '%',
        bar: '< 10 %',
        ok: slower < 10,
        note: `${all.toFixed(2)} s without, ${withDead.toFixed(2)} s with`,
      });
      return figures;
    },
  };
}

const alertStorm: Benchmark = {
  // 50,000 checks late at one instant, each with one channel.
  name: 'alert-storm',
  async run(context) {
    const { database, url } = await context.postgres();
    const { sql } = database;
    const project = await seedChecks(database, 50_000);
    const [channel] = await addWebhooks(sql, project, [await deadReceiver(context)]);
    await sql`insert into channel_checks (check_id, channel_id) select id, ${channel!} from checks`;
    const stop = await pretendIngester(sql);
    context.cleanup(stop);
    await context.service('sendalerts', { DATABASE_URL: url });
    const due = Date.now() + 8000;
    await sql`
      update checks set status = 'up', last_ping = ${due - 120_000}, timeout = 60, grace = 60, alert_after = ${due},
                        wake_at = ${due}`;
    await sql`vacuum analyze checks`;
    if (Date.now() > due) throw new Error('Setting up took too long');
    await eventually('the first flip', async () => (await sql`select 1 from flips limit 1`).length > 0, { every: 50 });
    const count = async () => (await sql<{ n: number }[]>`select count(*)::int as n from notifications`)[0]!.n;
    await eventually('50,000 outbox rows', async () => (await count()) === 50_000, { seconds: 120, every: 50 });
    // When all could be seen: what the rows say of themselves is when their transaction began.
    const seconds = (Date.now() - due) / 1000;
    return [{ name: '50,000 late: due to last outbox row', value: seconds, unit: 's', bar: '10 s', ok: seconds <= 10 }];
  },
};

const alertLag: Benchmark = {
  // A large installation with 100 checks a second coming due while 2,000 pings a second arrive.
  name: 'alert-lag',
  async run(context) {
    const checks = Number(process.env.BENCH_CHECKS ?? 1_000_000);
    const seconds = 30;
    const { database, url } = await context.postgres({ shared_buffers: '512MB' });
    const { sql } = database;
    const project = await seedChecks(database, checks);
    const [channel] = await addWebhooks(sql, project, [await receiver(context, () => undefined)]);
    const late = 100 * seconds;
    await sql`insert into channel_checks (check_id, channel_id) select id, ${channel!} from checks order by id limit ${late}`;
    const ingester = await context.service('ingester', { DATABASE_URL: url });
    await context.service('sendalerts', { DATABASE_URL: url });
    const from = Date.now() + 15_000 + checks / 40;
    await sql`
      update checks set status = 'up', timeout = 3600, grace = 3600, last_ping = now(),
        alert_after = now() + interval '2 hours', wake_at = now() + interval '2 hours'`;
    await sql`
      update checks c set timeout = 60, grace = 60,
        alert_after = to_timestamp((${from}::float8 + 10 * i) / 1000), wake_at = to_timestamp((${from}::float8 + 10 * i) / 1000),
        last_ping = to_timestamp((${from}::float8 + 10 * i) / 1000) - interval '120 seconds'
      from (select id, row_number() over (order by id) as i from checks order by id limit ${late}) d where d.id = c.id`;
    await sql`vacuum analyze checks`;
    if (Date.now() > from) throw new Error('Setting up took too long');
    await systemClock.sleep(from - Date.now());
    const { load } = await import('./http-client.ts');
    const seeing = seeOutbox(sql, late);
    const result = await load({
      port: ingester.port,
      durationMs: seconds * 1000,
      connections: 20,
      rate: 2000,
      request: () => {
        const check = checkCode(late + Math.floor(Math.random() * (checks - late)));
        return `GET /${check} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
      },
    });
    const lags = (await seeing).sort((a, b) => a - b);
    const [p50, p99, max] = [0.5, 0.99, 1].map((part) => lags[Math.ceil(part * late) - 1]! / 1000) as [
      number,
      number,
      number,
    ];
    return [
      {
        name: `due to outbox p99, ${checks.toLocaleString('en')} checks`,
        value: p99,
        unit: 's',
        bar: '< 1.5 s',
        ok: p99 < 1.5,
        note: `p50 ${p50.toFixed(2)} s, max ${max.toFixed(2)} s, ${Math.round(result.rate)} pings/s beside it`,
      },
    ];
  },
};

/**
 * Watches the outbox until `count` messages were seen.
 * @returns for each, milliseconds from the check's deadline until another connection could see it
 */
async function seeOutbox(sql: Sql, count: number): Promise<number[]> {
  const lags: number[] = [];
  const limit = performance.now() + 120_000;
  for (let newest = 0; lags.length < count; await systemClock.sleep(20)) {
    if (performance.now() > limit) throw new Error(`Only ${lags.length} of ${count} messages were owed in time`);
    const rows = await sql<{ id: number; due: number }[]>`
      select n.id, f.created_at as due from notifications n join flips f on f.id = n.flip_id
      where n.id > ${newest} order by n.id`;
    const now = Date.now();
    for (const { due } of rows) lags.push(now - due);
    newest = rows.at(-1)?.id ?? newest;
  }
  return lags;
}

const scanIdle: Benchmark = {
  // The scan with nothing due, on a small and on a large table: one index range either way.
  name: 'scan-idle',
  async run(context) {
    const small = await idleScan(context, 10_000);
    const large = await idleScan(context, Number(process.env.BENCH_CHECKS ?? 1_000_000));
    const ratio = large / small;
    return [
      {
        name: 'idle scan, large / small table',
        value: ratio,
        unit: '×',
        bar: 'within 2×',
        ok: ratio < 2,
        note: `${small.toFixed(3)} ms and ${large.toFixed(3)} ms`,
      },
    ];
  },
};

/** Median milliseconds of a look that finds nothing. */
async function idleScan(context: BenchContext, checks: number): Promise<number> {
  const { database } = await context.postgres();
  const { sql } = database;
  await seedChecks(database, checks);
  await sql`
    update checks set status = 'up', last_ping = now(), alert_after = now() + (id % 7200 + 60) * interval '1 second',
                      wake_at = now() + (id % 7200 + 60) * interval '1 second'`;
  await sql`vacuum analyze checks`;
  const times: number[] = [];
  for (let i = 0; i < 600; i++) {
    const began = performance.now();
    await judgeDue(sql, Date.now() - HOUR, 2500);
    times.push(performance.now() - began);
  }
  return times.slice(100).sort((a, b) => a - b)[250]!;
}

export const alertBenchmarks: readonly Benchmark[] = [
  deliveryFigures('postgres'),
  deliveryFigures('bullmq'),
  alertStorm,
  alertLag,
  scanIdle,
];
