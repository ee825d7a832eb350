import { Redis, type RedisOptions } from 'ioredis';

/** Where Redis is; `redisTarget` of packages/config makes it. */
export interface RedisTarget {
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
  readonly tls: boolean;
  /** Ask these for the address of the group `name`. */
  readonly sentinel: {
    readonly hosts: readonly { readonly host: string; readonly port: number }[];
    readonly name: string;
  } | null;
}

/** `patient`: commands wait for Redis to come back; else they fail at once while it is away. */
export function connectRedis(target: RedisTarget, patient: boolean): Redis {
  const { username, password, db, tls, sentinel } = target;
  const options: Omit<RedisOptions, 'replyMapping'> = {
    db,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
    ...(sentinel
      ? { sentinels: sentinel.hosts.map((host) => ({ ...host })), name: sentinel.name }
      : { host: target.host, port: target.port }),
    retryStrategy: (attempt: number) => Math.min(1000, 50 * attempt),
    // After a failover the old primary answers READONLY until the connection is made anew.
    reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 2 : false),
    connectTimeout: 5000,
    ...(patient
      ? { maxRetriesPerRequest: null }
      : { maxRetriesPerRequest: 0, enableOfflineQueue: false, commandTimeout: 5000 }),
  };
  return new Redis(options);
}
