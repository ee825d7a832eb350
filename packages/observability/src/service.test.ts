import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '@overdue/clock';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLogger } from './logger.ts';
import { inMaintenance, setMaintenance } from './maintenance.ts';
import { writePidFile } from './pid-file.ts';
import { type RunningService, type RuntimeConfig, type ServiceHandle, startService } from './service.ts';

let dataDir: string;
let handle: ServiceHandle | undefined;
let clock: VirtualClock;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'overdue-service-'));
  clock = new VirtualClock(0);
});
afterEach(async () => {
  await handle?.stop();
  handle = undefined;
  rmSync(dataDir, { recursive: true, force: true });
});

const lines: string[] = [];
const logger = createLogger({
  service: 'web',
  level: 'info',
  format: 'pretty',
  destination: { write: (line) => void lines.push(line) },
});

function config(extra: Partial<RuntimeConfig> = {}): RuntimeConfig {
  return {
    ADMIN_HOST: '127.0.0.1',
    INGESTER_ADMIN_PORT: 0,
    WEB_ADMIN_PORT: 0,
    SENDALERTS_ADMIN_PORT: 0,
    SENDREPORTS_ADMIN_PORT: 0,
    DATA_DIR: dataDir,
    DRAIN_SECONDS: 0,
    LOG_LEVEL: 'info',
    LOG_FORMAT: 'json',
    ...extra,
  };
}

async function start(running: Partial<RunningService> = {}, extra: Partial<RuntimeConfig> = {}) {
  handle = await startService({
    service: 'web',
    config: config(extra),
    logger,
    clock,
    fail: () => {},
    start: async () => ({ ready: async () => [], stop: async () => {}, ...running }),
  });
  return handle;
}

async function get(path: string, port = handle!.adminPort): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: response.status, text: await response.text() };
}

test('healthz, readyz and metrics answer; anything else is 404', async () => {
  await start();
  expect(await get('/healthz')).toEqual({ status: 200, text: 'OK\n' });
  expect(await get('/readyz')).toEqual({ status: 200, text: 'OK\n' });
  expect((await get('/metrics')).text).toMatch(/process_cpu_seconds_total\{service="web"\}/);
  expect((await get('/nothing')).status).toBe(404);
});

test('readyz says in words what is wrong, also when asking fails', async () => {
  let answer = async (): Promise<string[]> => ['The database does not answer.', 'No Redis.'];
  await start({ ready: () => answer() });
  expect(await get('/readyz')).toEqual({ status: 503, text: 'The database does not answer.\nNo Redis.\n' });
  answer = async () => {
    throw new Error('boom');
  };
  expect(await get('/readyz')).toEqual({ status: 503, text: 'boom\n' });
  expect((await get('/healthz')).status).toBe(200);
});

test('readyz does not wait for ever for the answer', async () => {
  let asked = () => {};
  const asking = new Promise<void>((resolve) => {
    asked = resolve;
  });
  await start({
    ready() {
      asked();
      return new Promise(() => {});
    },
  });
  const answer = get('/readyz');
  await asking;
  await clock.advance(2000);
  expect(await answer).toEqual({
    status: 503,
    text: 'The service did not say within 2 seconds whether it is ready.\n',
  });
});

test('maintenance makes it not ready until it is cleared: for the host, and for the service alone', async () => {
  await start();
  for (const service of [undefined, 'web']) {
    setMaintenance(dataDir, true, service, []);
    expect(await get('/readyz')).toEqual({ status: 503, text: 'This host is in maintenance.\n' });
    setMaintenance(dataDir, false, undefined, ['web']);
    expect((await get('/readyz')).status).toBe(200);
  }
  setMaintenance(dataDir, true, 'ingester', []);
  expect((await get('/readyz')).status).toBe(200);
});

test('off for one service while it is on for all: that one is ready again, the others are not', () => {
  const all = ['ingester', 'web', 'sendalerts'];
  const out = () => all.filter((service) => inMaintenance(dataDir, service));
  setMaintenance(dataDir, true, undefined, all);
  setMaintenance(dataDir, false, 'web', all);
  expect(out()).toEqual(['ingester', 'sendalerts']);
  setMaintenance(dataDir, false, 'ingester', all);
  expect(out()).toEqual(['sendalerts']);
  setMaintenance(dataDir, false, undefined, all);
  expect(out()).toEqual([]);
});

test('stopping: not ready but serving for DRAIN_SECONDS, then drain, farewell, stop', async () => {
  const events: string[] = [];
  const event = (name: string) => async () => void events.push(name);
  await start(
    {
      drain: event('drain'),
      stop: event('stop'),
      instances: { register: event('register'), beat: async () => true, stop: event('farewell') },
    },
    { DRAIN_SECONDS: 20 },
  );
  await clock.advance(0);
  const stopping = handle!.stop();
  await clock.advance(19_000);
  expect(await get('/readyz')).toEqual({ status: 503, text: 'web is stopping.\n' });
  expect(events).toEqual(['register']);
  const advancing = clock.advance(1_000);
  await Promise.all([stopping, advancing]);
  handle = undefined;
  expect(events).toEqual(['register', 'drain', 'farewell', 'stop']);
});

test('the pid file is there from the start to the end', async () => {
  const file = join(dataDir, 'run', 'web.pid');
  await start();
  expect(readFileSync(file, 'utf8')).toBe(`${process.pid}\n`);
  await handle!.stop();
  handle = undefined;
  expect(existsSync(file)).toBe(false);
});

test('a port in use stops the start with the name of the variable, and leaves the pid file of the other alone', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as { port: number };
  await expect(start({}, { WEB_ADMIN_PORT: port })).rejects.toThrow(
    `Port ${port} (WEB_ADMIN_PORT) on 127.0.0.1 is already in use by another program.`,
  );
  expect(existsSync(join(dataDir, 'run', 'web.pid'))).toBe(false);
  other.close();
});

test('a start that is refused writes no pid file, and leaves that of the running one alone', async () => {
  const file = join(dataDir, 'run', 'web.pid');
  const refused = () =>
    startService({
      service: 'web',
      config: config(),
      logger,
      clock,
      fail: () => {},
      async start() {
        throw new Error('another one has the spool');
      },
    });
  await expect(refused()).rejects.toThrow('the spool');
  expect(existsSync(file)).toBe(false);
  writePidFile(file, process.pid + 1);
  await expect(refused()).rejects.toThrow('the spool');
  expect(readFileSync(file, 'utf8')).toBe(`${process.pid + 1}\n`);
});

test('one that stops leaves the pid file of its successor alone', async () => {
  await start();
  const file = join(dataDir, 'run', 'web.pid');
  writePidFile(file, process.pid + 1);
  await handle!.stop();
  handle = undefined;
  expect(readFileSync(file, 'utf8')).toBe(`${process.pid + 1}\n`);
});

test('a sign of life every second; silent while the database is away, registered anew when the row is gone', async () => {
  const seen: string[] = [];
  let away = false;
  let rows = 0;
  const guard = () => {
    if (away) throw new Error('ECONNREFUSED');
  };
  await start({
    info: () => ({ n: seen.length }),
    instances: {
      async register() {
        guard();
        rows = 1;
        seen.push(`register@${clock.now()}`);
      },
      async beat(_id, info) {
        guard();
        seen.push(`beat@${clock.now()}:${JSON.stringify(info)}`);
        return rows === 1;
      },
      async stop() {},
    },
  });
  await clock.advance(1500);
  expect(seen).toEqual(['register@0', 'beat@1000:{"n":1}']);
  away = true;
  await clock.advance(3000);
  expect(seen).toHaveLength(2);
  expect(lines.filter((l) => l.includes('The database does not answer'))).toHaveLength(1);
  away = false;
  rows = 0;
  await clock.advance(1000);
  expect(seen.slice(2)).toEqual(['beat@5000:{"n":2}', 'register@5000']);
  expect(lines.at(-1)).toContain('The database is back');
});
