import type { RedisTarget } from '@overdue/config';
import { Redis } from 'ioredis';
import { doubtful, type Finding, fine, wrong } from './finding.ts';

/** Redis, as the delivery queue will use it. */
export async function examineRedis(target: RedisTarget): Promise<Finding[]> {
  const where = target.sentinel
    ? `"${target.sentinel.name}" behind ${target.sentinel.hosts.map((h) => `${h.host}:${h.port}`).join(', ')}`
    : `${target.host}:${target.port}`;
  const redis = new Redis(options(target));
  let problem = '';
  redis.on('error', (error) => {
    problem = error.message;
  });
  try {
    await redis.connect();
    const info = await redis.info();
    const version = /redis_version:(\S+)/.exec(info)?.[1] ?? 'unknown';
    const policy = /maxmemory_policy:(\S+)/.exec(info)?.[1];
    const found: Finding[] = [fine('redis', `${where} answers, version ${version}`)];
    if (Number.parseInt(version, 10) < 6) {
      found.push(wrong('redis', `version ${version} is too old for BullMQ`, 'Use Redis 6.2 or newer.'));
    }
    if (policy && policy !== 'noeviction') {
      const mend = 'Set maxmemory-policy noeviction: alerts would be late by a sweep whenever Redis forgets a job.';
      found.push(doubtful('redis', `maxmemory-policy is ${policy}`, mend));
    }
    return found;
  } catch (error) {
    const why = problem || (error as Error).message;
    const mend =
      'Check that it runs and that REDIS_URL or REDIS_SENTINELS is right. Alerts are kept in PostgreSQL meanwhile.';
    return [wrong('redis', `${where} does not answer: ${why}`, mend)];
  } finally {
    redis.disconnect();
  }
}

function options(target: RedisTarget) {
  return {
    lazyConnect: true,
    connectTimeout: 4000,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    sentinelRetryStrategy: () => null,
    db: target.db,
    ...(target.username ? { username: target.username } : {}),
    ...(target.password ? { password: target.password } : {}),
    ...(target.tls ? { tls: {} } : {}),
    ...(target.sentinel
      ? { sentinels: target.sentinel.hosts.map(({ host, port }) => ({ host, port })), name: target.sentinel.name }
      : { host: target.host, port: target.port }),
  };
}
