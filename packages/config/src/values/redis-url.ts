import { readHostPort } from './network.ts';
import { Malformed, type ValueType, valueType } from './value-type.ts';

export interface RedisUrl {
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** The number of the database. */
  readonly db: number;
  readonly tls: boolean;
}

export const REDIS_PORT = 6379;
export const SENTINEL_PORT = 26379;

/** Reads `redis[s]://[[user]:password@]host[:port][/db]`. Throws `Malformed`, never repeating a part of it. */
export function readRedisUrl(text: string): RedisUrl {
  const scheme = /^rediss?:\/\//.exec(text)?.[0];
  if (scheme === undefined) throw new Malformed('it must begin with redis:// or rediss://');
  const match = /^rediss?:\/\/(?:([^@/?#]*)@)?([^@/?#]+)(?:\/([0-9]{0,5}))?$/.exec(text);
  const address = readHostPort(match?.[2] ?? '', REDIS_PORT);
  if (!match || !address) throw new Malformed('characters such as @ / ? # in the password must be percent-encoded');
  const [user, ...password] = (match[1] ?? '').split(':');
  return {
    ...address,
    username: decode(user),
    password: decode(password.join(':')),
    db: Number(match[3] ?? 0),
    tls: scheme === 'rediss://',
  };
}

function decode(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) throw new Malformed('its percent-encoding is broken');
    throw error;
  }
}

/** The variable's type: kept as text (see `redisTarget` for the parts), checked here. */
export function redisUrl(): ValueType<string | null> {
  return valueType<string | null>({
    name: 'url',
    allowed: 'redis://[USER:PASSWORD@]HOST[:PORT][/DB], rediss:// for TLS; empty for none',
    read: (text) => {
      if (text === '') return null;
      readRedisUrl(text);
      return text;
    },
  });
}
