import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError, databaseTarget, loadConfig, redisTarget } from './index.ts';

const database = (env: NodeJS.ProcessEnv) => databaseTarget(loadConfig(env));

describe('databaseTarget', () => {
  const defaults = {
    hosts: [{ host: 'h', port: 5432 }],
    database: 'hc',
    user: 'postgres',
    password: '',
    sslmode: 'prefer',
    targetSessionAttrs: 'read-write',
  };

  it('is null when neither DATABASE_URL nor DB_HOST is set: the embedded database', () => {
    expect(database({})).toBeNull();
    expect(database({ DATABASE_URL: '', DB_HOST: '', DB_NAME: 'x', DB_PASSWORD: 'y' })).toBeNull();
  });

  it.each<[NodeJS.ProcessEnv, Partial<typeof defaults>]>([
    [{ DB_HOST: 'h' }, {}],
    [{ DB_HOST: 'h', DB_NAME: '', DB_USER: '' }, {}],
    [
      { DB_HOST: 'h', DB_PORT: '1', DB_NAME: 'd', DB_USER: 'u', DB_PASSWORD: 'p', DB_SSLMODE: 'require' },
      { hosts: [{ host: 'h', port: 1 }], database: 'd', user: 'u', password: 'p', sslmode: 'require' },
    ],
    [
      { DB_HOST: 'a,b', DB_PORT: '1,2' },
      {
        hosts: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
        ],
      },
    ],
    [
      { DB_HOST: 'a, b', DB_PORT: '7' },
      {
        hosts: [
          { host: 'a', port: 7 },
          { host: 'b', port: 7 },
        ],
      },
    ],
    [{ DB_HOST: '/run/pg', DB_PORT: '7' }, { hosts: [{ host: '/run/pg', port: 7 }] }],
    [{ DB_HOST: '2001:db8::1' }, { hosts: [{ host: '2001:db8::1', port: 5432 }] }],
    [{ DATABASE_URL: 'postgres://h' }, {}],
    [{ DATABASE_URL: 'postgresql://h/' }, {}],
    [
      { DATABASE_URL: 'postgres://u:p%40%2F@h1:5432,h2:5433/db?target_session_attrs=any&sslmode=verify-full' },
      {
        hosts: [
          { host: 'h1', port: 5432 },
          { host: 'h2', port: 5433 },
        ],
        database: 'db',
        user: 'u',
        password: 'p@/',
        sslmode: 'verify-full',
        targetSessionAttrs: 'any',
      },
    ],
    [
      { DATABASE_URL: 'postgres://h,[::1]:9/d?application_name=x&connect_timeout=3', DB_HOST: 'other' },
      {
        hosts: [
          { host: 'h', port: 5432 },
          { host: '::1', port: 9 },
        ],
        database: 'd',
      },
    ],
    [{ DATABASE_URL: 'postgres:///d?host=/run/pg&port=9' }, { hosts: [{ host: '/run/pg', port: 9 }], database: 'd' }],
    [{ DATABASE_URL: 'postgres://%2Frun%2Fpg/d' }, { hosts: [{ host: '/run/pg', port: 5432 }], database: 'd' }],
    [{ DATABASE_URL: 'postgres:///d' }, { hosts: [{ host: 'localhost', port: 5432 }], database: 'd' }],
    [
      { DATABASE_URL: 'postgres://h', DB_PASSWORD: 'p', DB_USER: 'u', DB_NAME: 'd', DB_SSLMODE: 'disable' },
      { password: 'p', user: 'u', database: 'd', sslmode: 'disable' },
    ],
    [{ DATABASE_URL: 'postgres://u:a:b@h?password=c%20d' }, { user: 'u', password: 'c d' }],
    [{ DATABASE_URL: 'postgres://u:a:b@h' }, { user: 'u', password: 'a:b' }],
  ])('%o', (env, expected) => expect(database(env)).toEqual({ ...defaults, ...expected }));

  it.each([
    ['mysql://h/db', 'postgres://'],
    ['postgres://u:p@ss@h/db', 'percent-encoded'],
    ['postgres://u:p/ss@h/db', 'percent-encoded'],
    ['postgres://h:0/db', 'each host'],
    ['postgres://h:65536/db', 'each host'],
    ['postgres://h,,g/db', 'each host'],
    ['postgres://u:%zz@h/db', 'percent-encoding is broken'],
    ['postgres://h/db?sslmode=maybe', 'verify-full'],
    ['postgres://h/db?target_session_attrs=read-only', 'read-write'],
    ['postgres://h/db?sslrootcert=/x', 'NODE_EXTRA_CA_CERTS'],
    ['postgres://h/db?nonsense=1', 'parameter that is not supported'],
    ['postgres:///db?host=a,b&port=1,2,3', 'as many ports as hosts'],
  ])('refuses %s', (url, why) => {
    expect(() => database({ DATABASE_URL: url })).toThrow(ConfigError);
    expect(() => database({ DATABASE_URL: url })).toThrow(why);
  });

  it('gives back what a URL was made from', () => {
    const hosts = fc.array(
      fc.record({ host: fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6()), port: fc.integer({ min: 1, max: 65535 }) }),
      { minLength: 1, maxLength: 4 },
    );
    const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(hosts, word, word, word, (servers, user, password, name) => {
        const authority = servers
          .map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`)
          .join(',');
        const url = `postgres://${[user, password].map(encodeURIComponent).join(':')}@${authority}/${encodeURIComponent(name)}`;
        expect(database({ DATABASE_URL: url })).toEqual({
          ...defaults,
          hosts: servers,
          user,
          password,
          database: name,
        });
      }),
    );
  });
});

describe('redisTarget', () => {
  const redis = (env: NodeJS.ProcessEnv) => redisTarget(loadConfig(env));
  const plain = { host: 'h', port: 6379, username: undefined, password: undefined, db: 0, tls: false, sentinel: null };

  it('is null when nothing is set: the queue runs on PostgreSQL', () => {
    expect(redis({})).toBeNull();
    expect(redis({ REDIS_URL: '', REDIS_SENTINELS: '' })).toBeNull();
  });

  it.each<[NodeJS.ProcessEnv, Partial<typeof plain> | object]>([
    [{ REDIS_URL: 'redis://h' }, {}],
    [{ REDIS_URL: 'redis://h/' }, {}],
    [{ REDIS_URL: 'redis://[::1]:1/3' }, { host: '::1', port: 1, db: 3 }],
    [{ REDIS_URL: 'redis://:p%40@h' }, { password: 'p@' }],
    [{ REDIS_URL: 'rediss://u:a:b@h' }, { username: 'u', password: 'a:b', tls: true }],
    [
      { REDIS_URL: 'redis://:p@h/1', REDIS_SENTINELS: 's1,s2:9', REDIS_SENTINEL_NAME: 'main' },
      {
        password: 'p',
        db: 1,
        sentinel: {
          hosts: [
            { host: 's1', port: 26379 },
            { host: 's2', port: 9 },
          ],
          name: 'main',
        },
      },
    ],
    [
      { REDIS_SENTINELS: 's' },
      { host: '127.0.0.1', sentinel: { hosts: [{ host: 's', port: 26379 }], name: 'mymaster' } },
    ],
  ])('%o', (env, expected) => expect(redis(env)).toEqual({ ...plain, ...expected }));

  it.each(['http://h', 'redis:h', 'redis://', 'redis://h:0', 'redis://a@b@h', 'redis://h/x', 'redis://:%zz@h'])(
    'refuses %s',
    (url) => expect(() => redis({ REDIS_URL: url })).toThrow(/REDIS_URL/),
  );
});
