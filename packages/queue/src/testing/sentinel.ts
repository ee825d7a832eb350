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
  /** kill -9 of the primary: Sentinel promotes the replica. */
  killPrimary(): Promise<void>;
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
      'sentinel down-after-milliseconds queue 1000',
      'sentinel failover-timeout queue 5000',
      '',
    ].join('\n'),
  );
  const sentinel: ChildProcess = spawn('redis-server', [config, '--sentinel'], { stdio: 'ignore' });
  const client = new Redis(port, '127.0.0.1', { retryStrategy: () => 50, maxRetriesPerRequest: null });
  client.on('error', () => undefined);
  // It has to know of the replica before the primary may die.
  for (let i = 0; i < 100; i++) {
    const replicas = (await client.call('SENTINEL', 'REPLICAS', 'queue')) as unknown[];
    if (replicas.length > 0) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  client.disconnect();
  return {
    target: { ...primary.target, port: 1, sentinel: { hosts: [{ host: '127.0.0.1', port }], name: 'queue' } },
    killPrimary: () => primary.kill(),
    async stop() {
      const ended = new Promise((resolve) => sentinel.once('exit', resolve));
      sentinel.kill('SIGKILL');
      await Promise.all([ended, primary.stop(), replica.stop()]);
      rmSync(folder, { recursive: true });
    },
  };
}
