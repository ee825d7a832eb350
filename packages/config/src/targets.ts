/** Where the database and Redis are, from a parsed configuration. */
import type { Config } from './table.ts';
import {
  type DatabaseHost,
  pairHostsAndPorts,
  readDatabaseUrl,
  type SessionAttrs,
  type SslMode,
} from './values/database-url.ts';
import { type HostPort, readHostPort } from './values/network.ts';
import { REDIS_PORT, readRedisUrl, SENTINEL_PORT } from './values/redis-url.ts';

export interface DatabaseTarget {
  /** At least one, in the order to try them; a host that begins with a slash is the directory of a Unix socket. */
  readonly hosts: readonly DatabaseHost[];
  readonly database: string;
  readonly user: string;
  /** Empty when none is configured. */
  readonly password: string;
  readonly sslmode: SslMode;
  readonly targetSessionAttrs: SessionAttrs;
}

/**
 * How to reach the configured database, or null when none is configured: the embedded one is meant.
 * DATABASE_URL wins; what it leaves open comes from DB_*.
 */
export function databaseTarget(config: Config): DatabaseTarget | null {
  const url = config.DATABASE_URL === null ? undefined : readDatabaseUrl(config.DATABASE_URL);
  if (!url && config.DB_HOST === null) return null;
  return {
    hosts: url?.hosts ?? pairHostsAndPorts(config.DB_HOST ?? '', config.DB_PORT),
    database: url?.database ?? (config.DB_NAME || 'hc'),
    user: url?.user ?? (config.DB_USER || 'postgres'),
    password: url?.password ?? config.DB_PASSWORD,
    sslmode: url?.sslmode ?? config.DB_SSLMODE,
    targetSessionAttrs: url?.targetSessionAttrs ?? config.DB_TARGET_SESSION_ATTRS,
  };
}

export interface RedisTarget {
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
  readonly tls: boolean;
  /** Ask these for the address of the group `name` instead of using `host`; null: no Sentinel. */
  readonly sentinel: { readonly hosts: readonly HostPort[]; readonly name: string } | null;
}

/** How to reach Redis, or null when none is configured: the queue runs on PostgreSQL. */
export function redisTarget(config: Config): RedisTarget | null {
  const hosts = config.REDIS_SENTINELS.map((item) => readHostPort(item, SENTINEL_PORT)).filter(
    (item) => item !== undefined,
  );
  if (config.REDIS_URL === null && hosts.length === 0) return null;
  const server =
    config.REDIS_URL === null
      ? { host: '127.0.0.1', port: REDIS_PORT, username: undefined, password: undefined, db: 0, tls: false }
      : readRedisUrl(config.REDIS_URL);
  return { ...server, sentinel: hosts.length === 0 ? null : { hosts, name: config.REDIS_SENTINEL_NAME } };
}
