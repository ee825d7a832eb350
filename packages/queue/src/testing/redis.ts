/** A real Redis server for tests, on a free port, with nothing kept on disk. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { freePort } from '@overdue/database/testing/ports';
import { Redis } from 'ioredis';
import type { RedisTarget } from '../redis.ts';

export interface TestRedis {
  readonly target: RedisTarget;
  readonly url: string;
  /** Runs one command, e.g. `['FLUSHALL']`. */
  command(...args: string[]): Promise<unknown>;
  /** kill -9; everything in it is lost. */
  kill(): Promise<void>;
  /** Starts it again on the same port; empty, unless its settings say that it keeps what it has. */
  restart(): Promise<void>;
  /** SIGSTOP: connections stay open, and nobody answers. */
  freeze(): void;
  /** SIGCONT. */
  thaw(): void;
  stop(): Promise<void>;
}

/**
 * True when a redis-server is installed. Where it is not, tests are skipped with a line that says so; in CI that is a
 * failure, so that nothing is left untested there by accident.
 */
export function redisAvailable(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    if (process.env.CI === 'true') throw new Error('redis-server is not installed, and CI must test with Redis.');
    console.log('redis-server is not installed: tests that need it are skipped.');
    return false;
  }
}

/** @param settings server settings, e.g. `{ maxmemory: '3mb' }` */
export async function startRedis(settings: Readonly<Record<string, string>> = {}): Promise<TestRedis> {
  const port = await freePort();
  let child: ChildProcess | undefined;
  const options = { port: String(port), bind: '127.0.0.1', save: '', appendonly: 'no', daemonize: 'no', ...settings };
  const start = async () => {
    child = spawn(
      'redis-server',
      Object.entries(options).flatMap(([name, value]) => [
        `--${name}`,
        ...(name === 'save' ? [value] : value.split(' ')),
      ]),
      { stdio: 'ignore' },
    );
    await answering(port);
  };
  const kill = () =>
    new Promise<void>((resolve) => {
      if (!child || child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once('exit', () => resolve());
      child.kill('SIGKILL');
    });
  await start();
  return {
    target: {
      host: '127.0.0.1',
      port,
      username: undefined,
      password: undefined,
      db: 0,
      tls: false,
      sentinel: null,
    },
    url: `redis://127.0.0.1:${port}/0`,
    async command(...args) {
      const client = new Redis(port, '127.0.0.1');
      try {
        return await client.call(args[0]!, ...args.slice(1));
      } finally {
        client.disconnect();
      }
    },
    kill,
    restart: async () => {
      await kill();
      await start();
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    stop: kill,
  };
}

async function answering(port: number): Promise<void> {
  const client = new Redis(port, '127.0.0.1', { retryStrategy: () => 50, maxRetriesPerRequest: null });
  client.on('error', () => undefined);
  await client.ping();
  client.disconnect();
}
