/** A primary, a replica and one Sentinel that watches them, all real, on free ports. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@overdue/database/testing/ports';
import { Redis } from 'ioredis';
import type { RedisTarget } from '../redis.ts';
import { startRedis } from './redis.ts';

export interface TestSentinel {
  readonly target: RedisTarget;
  /** kill -9 of the primary. It is missed until {@link promote}. */
  killPrimary(): Promise<void>;
  /** Sentinel makes the replica the primary, as it does on its own in production. */
  promote(): Promise<void>;
  stop(): Promise<void>;
}

export async function startSentinel(): Promise<TestSentinel> {
  const primary = await startRedis();
  const replica = await startRedis({ replicaof: `127.0.0.1 ${primary.target.port}` });
  const folder = mkdtempSync(join(tmpdir(), 'overdue-sentinel-'));
  const port = await freePort();
  const config = join(folder, 'sentinel.conf');
  writeFileSync(
    config,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor queue 127.0.0.1 ${primary.target.port} 1`,
      // It does nothing before it is told to, however long the test takes.
      'sentinel down-after-milliseconds queue 3600000',
      'sentinel failover-timeout queue 5000',
      '',
    ].join('\n'),
  );
  const sentinel: ChildProcess = spawn('redis-server', [config, '--sentinel'], { stdio: 'ignore' });
  const client = new Redis(port, '127.0.0.1', { retryStrategy: () => 50, maxRetriesPerRequest: null });
  client.on('error', () => undefined);
  // It has to know of the replica before the primary may die.
  const replicas = async () => (await client.call('SENTINEL', 'REPLICAS', 'queue')) as unknown[];
  while ((await replicas()).length === 0) await new Promise((resolve) => setTimeout(resolve, 100));
  return {
    target: { ...primary.target, port: 1, sentinel: { hosts: [{ host: '127.0.0.1', port }], name: 'queue' } },
    killPrimary: () => primary.kill(),
    async promote() {
      for (;;) {
        try {
          await client.call('SENTINEL', 'FAILOVER', 'queue');
          return;
        } catch (error) {
          // It has not heard from the replica of late.
          if (!String(error).includes('NOGOODSLAVE')) throw error;
          await new Promise((resolve) => setTimeout(resolve, 200));
        }
      }
    },
    async stop() {
      client.disconnect();
      const ended = new Promise((resolve) => sentinel.once('exit', resolve));
      sentinel.kill('SIGKILL');
      await Promise.all([ended, primary.stop(), replica.stop()]);
      rmSync(folder, { recursive: true });
    },
  };
}
