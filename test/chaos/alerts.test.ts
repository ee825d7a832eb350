/** Fault injection: whatever is killed, each check that is late goes down once and its message arrives, "down" first. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { recordFlips } from '@overdue/database';
import { freePort } from '@overdue/database/testing/ports';
import { redisAvailable, startRedis, type TestRedis } from '@overdue/queue/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { sleep } from './acknowledged.ts';
import { PrivatePostgres, temporaryDirectory } from './processes.ts';
import { type FaultyProxy, startProxy } from './proxy.ts';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const CHECKS = 300;
vi.setConfig({ testTimeout: 600_000 });

let postgres: PrivatePostgres;
let folder: string;
let receiver: Server;
/** What arrived, in order: delivery id, check and status. */
let arrived: { id: string; check: string; status: string }[];
let vouching: NodeJS.Timeout;
const running = new Set<Sendalerts>();
const withRedis = redisAvailable();

beforeAll(async () => {
  postgres = await PrivatePostgres.start();
});
afterAll(() => postgres.destroy());

beforeEach(async () => {
  folder = temporaryDirectory('chaos-alerts');
  arrived = [];
  const { sql } = postgres.database;
  await sql`truncate users, projects, checks, pings, flips, instances, coverage, installation, gaps cascade`;
  receiver = createServer((request, response) => {
    const [, check, status] = request.url!.split('/');
    arrived.push({ id: String(request.headers['overdue-delivery']), check: check!, status: status! });
    setTimeout(() => response.end('OK'), 5 + Math.random() * 60);
  });
  await new Promise<void>((listening) => receiver.listen(0, '127.0.0.1', listening));
  const ingester = randomUUID();
  await sql`
    insert into instances (id, service, host, pid, started_at, watermark)
    values (${ingester}, 'ingester', 'chaos', 1, now(), clock_timestamp())`;
  await sql`insert into coverage (instance_id, from_at, until_at) values (${ingester}, now() - interval '1 hour', now())`;
  // An ingester that only vouches; what it does while the database is away is another test's business.
  vouching = setInterval(() => {
    void sql`update instances set seen_at = clock_timestamp(), watermark = clock_timestamp() where id = ${ingester}`
      .then(() => sql`update coverage set until_at = clock_timestamp() where instance_id = ${ingester}`)
      .catch(() => undefined);
  }, 500);
});
afterEach(async () => {
  clearInterval(vouching);
  await Promise.all([...running].map((one) => one.kill()));
  receiver.closeAllConnections();
  receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

/** sendalerts as `overdue serve sendalerts` runs it, from the built files. */
class Sendalerts {
  readonly #env: Record<string, string>;
  #child: ChildProcess | undefined;
  output = '';

  constructor(env: Record<string, string>) {
    this.#env = env;
    running.add(this);
  }

  async start(): Promise<this> {
    const port = await freePort();
    this.#child = spawn(process.execPath, [join(ROOT, 'services/sendalerts/dist/main.js')], {
      env: {
        PATH: process.env.PATH,
        DATABASE_URL: postgres.url(),
        DATA_DIR: join(folder, randomUUID()),
        SECRET_KEY: 'a-secret-key-for-the-chaos-tests-0123456789',
        INTEGRATIONS_ALLOW_PRIVATE_IPS: 'True',
        LOG_LEVEL: 'warn',
        SENDALERTS_ADMIN_PORT: String(port),
        ...this.#env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.on('data', (chunk: Buffer) => {
        this.output += chunk;
      });
    }
    await eventually('sendalerts listens', () =>
      fetch(`http://127.0.0.1:${port}/healthz`).then(
        (response) => response.ok,
        () => false,
      ),
    );
    return this;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill(signal);
    await ended;
  }
}

/** Checks that come due one after the other in the next `seconds`, each with one of five webhooks. */
async function makeLateChecks(seconds: number): Promise<void> {
  const { sql } = postgres.database;
  const { port } = receiver.address() as { port: number };
  const value = {
    method_down: 'GET',
    url_down: `http://127.0.0.1:${port}/$CODE/$STATUS`,
    url_up: `http://127.0.0.1:${port}/$CODE/$STATUS`,
  };
  await sql`
    with boss as (insert into users (username, email) values ('boss', 'boss@example.org') returning id),
    home as (insert into projects (owner_id, badge_key) select id, 'chaos' from boss returning id),
    hooks as (insert into channels (project_id, kind, value)
      select id, 'webhook', ${value as never}::jsonb from home, generate_series(1, 5) returning id),
    made as (insert into checks (project_id, status, timeout, grace, last_ping, alert_after, wake_at)
      select id, 'up', 60, 60, at - interval '120 seconds', at, at
      from home, (select now() + i * ${seconds / CHECKS}::float8 * interval '1 second' as at from generate_series(1, ${CHECKS}) i) d
      returning id)
    insert into channel_checks (check_id, channel_id)
    select m.id, h.id from (select id, row_number() over () as n from made) m
    join (select id, row_number() over () as n from hooks) h on h.n = 1 + m.n % 5`;
}

/** Brings up what is down, as an ingester does when a ping comes; returns how many. */
async function bringUp(limit: number): Promise<number> {
  return await postgres.database.sql.begin(async (tx) => {
    const rows = await tx<{ id: number }[]>`
      select id from checks where status = 'down' order by id limit ${limit} for update`;
    await tx`update checks set status = 'up' where id = any(${rows.map((row) => row.id)}::bigint[])`;
    await recordFlips(
      tx,
      rows.map(({ id }) => ({ checkId: id, createdAt: Date.now(), oldStatus: 'down', newStatus: 'up', reason: '' })),
    );
    return rows.length;
  });
}

async function settled(ups: number): Promise<void> {
  const { sql } = postgres.database;
  await eventually('every check has gone down and everything is delivered', async () => {
    const [row] = await sql<{ flips: number; owed: number }[]>`
      select (select count(*)::int from flips) as flips,
             (select count(*)::int from notifications where state = 'owed') as owed`;
    return row!.flips === CHECKS + ups && row!.owed === 0;
  }).catch((error: Error) => {
    throw new Error(`${error.message}\n${[...running].map((one) => one.output.slice(-3000)).join('\n')}`);
  });
}

/** Judges what arrived. Repetitions are allowed, with the same delivery id, as many as were in the air at the kills. */
async function judge(ups: number, mostRepeated: number): Promise<void> {
  const { sql } = postgres.database;
  const flips = await sql<{ check_id: number; new_status: string }[]>`select check_id, new_status from flips`;
  expect(flips.filter((flip) => flip.new_status === 'down')).toHaveLength(CHECKS);
  expect(new Set(flips.map((flip) => `${flip.check_id} ${flip.new_status}`)).size).toBe(CHECKS + ups);
  const owed = await sql<{ code: string; state: string }[]>`select code, state from notifications`;
  expect(owed).toHaveLength(CHECKS + ups);
  expect(owed.filter((row) => row.state !== 'sent')).toEqual([]);
  const ids = new Set(arrived.map((message) => message.id));
  expect(ids).toEqual(new Set(owed.map((row) => row.code)));
  expect(arrived.length - ids.size).toBeLessThanOrEqual(mostRepeated);
  for (const check of new Set(arrived.map((message) => message.check))) {
    const statuses = arrived.filter((message) => message.check === check).map((message) => message.status);
    expect(statuses.lastIndexOf('down')).toBeLessThan(
      (statuses.indexOf('up') + 1 || Number.POSITIVE_INFINITY) as number,
    );
    expect(statuses[0]).toBe('down');
  }
}

describe.each(withRedis ? (['postgres', 'bullmq'] as const) : (['postgres'] as const))('on %s', (driver) => {
  let redis: TestRedis | undefined;
  beforeEach(async () => {
    redis = driver === 'bullmq' ? await startRedis() : undefined;
  });
  afterEach(() => redis?.stop());
  const start = () => new Sendalerts(redis ? { REDIS_URL: redis.url } : {}).start();

  test('workers killed again and again', async () => {
    await makeLateChecks(6);
    const workers = [await start(), await start()];
    let ups = 0;
    for (let i = 0; i < 4; i++) {
      await sleep(1500);
      await workers[i % 2]!.kill();
      ups += await bringUp(30);
      workers[i % 2] = await start();
    }
    await settled(ups);
    await judge(ups, 4 * 48);
  });

  test('PostgreSQL killed in the middle', async () => {
    await makeLateChecks(6);
    await start();
    await start();
    await sleep(2500);
    await postgres.kill();
    await sleep(1000);
    await redis?.kill();
    await postgres.resume();
    await settled(0);
    await judge(0, 2 * 120);
  });

  test('everything killed at once, and started again', async () => {
    await makeLateChecks(3);
    const workers = [await start(), await start()];
    await sleep(1500);
    await Promise.all([...workers.map((one) => one.kill()), postgres.kill(), redis?.kill()]);
    await postgres.resume();
    await redis?.restart();
    await start();
    await settled(0);
    await judge(0, 2 * 120);
  });
});

test('the way to the database goes silent: others take over, and it comes back by itself', async () => {
  await makeLateChecks(4);
  const proxy: FaultyProxy = await startProxy({ host: '127.0.0.1', port: postgres.port });
  const cut = await new Sendalerts({ DATABASE_URL: postgres.url(proxy.port) }).start();
  await sleep(2000);
  proxy.silent = true;
  const other = await new Sendalerts({}).start();
  await settled(0);
  await judge(0, 48);
  // Alone, over a way that works again, though its old connections never will.
  await other.kill('SIGTERM');
  proxy.silent = false;
  const ups = await bringUp(20);
  await eventually('the one that was cut off delivers', async () => arrived.length >= CHECKS + ups);
  await settled(ups);
  await judge(ups, 48);
  await cut.kill();
  await proxy.close();
});
