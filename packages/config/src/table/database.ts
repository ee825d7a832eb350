/** PostgreSQL and the delivery queue: configuration.md section 4, running.md. */
import { EVERYONE, LATER, setting } from '../setting.ts';
import { int, intOrNone, list, oneOf, text, textLike } from '../values/basic.ts';
import { databaseHosts, databasePorts, databaseUrl, SESSION_ATTRS, SSL_MODES } from '../values/database-url.ts';
import { readHostPort } from '../values/network.ts';
import { redisUrl, SENTINEL_PORT } from '../values/redis-url.ts';

export const database = {
  DATABASE_URL: setting(databaseUrl(), null, {
    description:
      'How to reach PostgreSQL, as one URL; what it leaves out comes from `DB_*`. With several hosts the writable one ' +
      'is found and followed. Neither this nor `DB_HOST`: `npm start` runs an embedded PostgreSQL in `DATA_DIR`.',
    readBy: EVERYONE,
    secret: true,
  }),
  DB: setting(oneOf('postgres'), 'postgres', {
    description: 'Kind of database. Overdue runs on PostgreSQL only.',
    readBy: EVERYONE,
  }),
  DB_HOST: setting(databaseHosts(), null, {
    description: 'Hosts, or the directory of a Unix socket. Unset: see `DATABASE_URL`.',
    readBy: EVERYONE,
  }),
  DB_PORT: setting(databasePorts(), '', {
    description: 'Port (5432 if empty), or one for each host.',
    readBy: EVERYONE,
  }),
  DB_NAME: setting(text(), 'hc', { description: 'Name of the database.', readBy: EVERYONE }),
  DB_USER: setting(text(), 'postgres', { description: 'User.', readBy: EVERYONE }),
  DB_PASSWORD: setting(text(), '', { description: 'Password.', readBy: EVERYONE, secret: true }),
  DB_SSLMODE: setting(oneOf(...SSL_MODES), 'prefer', {
    description:
      'TLS to the database, in the words of libpq. `verify-ca` and `verify-full` trust the authorities that Node.js ' +
      'trusts, and those in the file that `NODE_EXTRA_CA_CERTS` names.',
    readBy: EVERYONE,
  }),
  DB_TARGET_SESSION_ATTRS: setting(oneOf(...SESSION_ATTRS), 'read-write', {
    description: 'Which of several hosts to use, in the words of libpq. Overdue has to write.',
    readBy: EVERYONE,
  }),
  DB_CONN_MAX_AGE: setting(intOrNone('ever'), 0, {
    description: 'Seconds the original keeps a connection. Overdue keeps a pool and renews it by itself.',
    ...LATER,
  }),
};

export const queue = {
  REDIS_URL: setting(redisUrl(), null, {
    description:
      'Redis for the delivery queue (BullMQ). Unset: the queue runs on PostgreSQL. What is owed is kept in PostgreSQL ' +
      'in both cases: Redis may be lost at any moment.',
    readBy: ['sendalerts'],
    secret: true,
  }),
  REDIS_SENTINELS: setting(
    list(
      'HOST:PORT of each Sentinel (port 26379 if omitted)',
      (item) => readHostPort(item, SENTINEL_PORT) !== undefined,
    ),
    [],
    {
      description: 'Find Redis through these Sentinels; user, password, database and TLS still come from `REDIS_URL`.',
      readBy: ['sendalerts'],
    },
  ),
  REDIS_SENTINEL_NAME: setting(text(), 'mymaster', {
    description: "The Sentinels' name for the group of servers.",
    readBy: ['sendalerts'],
  }),
  QUEUE_PREFIX: setting(textLike(/^[A-Za-z0-9_.-]{1,64}$/, '1 to 64 letters, digits, _ . or -'), 'overdue', {
    description: "First part of the queue's keys in Redis. Give each product that shares a Redis its own.",
    readBy: ['sendalerts'],
  }),
  NUM_WORKERS: setting(int(1, 1000), 200, {
    description: 'Deliveries that one `sendalerts` makes at the same time.',
    readBy: ['sendalerts'],
  }),
};
