import { randomUUID } from 'node:crypto';
import type { Clock } from '@overdue/clock';
import { type Config, trustedProxies } from '@overdue/config';
import type { Database } from '@overdue/database';
import type { Logger, Registry } from '@overdue/observability';
import { CheckCache, loadByCode, loadBySlug, PingIntake, PingWriter } from '@overdue/pings';
import { Answers } from './http/answers.ts';
import { Peers } from './http/peer.ts';
import { type HttpServer, startHttpServer } from './http/server.ts';
import { createMetrics } from './metrics.ts';
import { type SmtpConfig, startConfiguredSmtp } from './smtp/index.ts';

export type IngesterConfig = Pick<
  Config,
  | 'PING_HOST'
  | 'PING_PORT'
  | 'PING_BODY_LIMIT'
  | 'PING_THROTTLE_SECONDS'
  | 'PING_RATE_LIMIT'
  | 'PING_DB_TIMEOUT_MS'
  | 'SPOOL_DIR'
  | 'SPOOL_MAX_BYTES'
  | 'TRUSTED_PROXIES'
> &
  SmtpConfig;

export interface IngesterOptions {
  readonly config: IngesterConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  /** For look-ups and everything that is not a batch. Stays the caller's: it is not closed here. */
  readonly database: Database;
  /** A pool of one connection, for batches; opened and thrown away as needed. */
  readonly openConnection: () => Database;
  /** This process's row in `instances`. */
  readonly instanceId: string;
}

export interface Ingester {
  /** The port that it listens on. */
  readonly port: number;
  /** The port for pings by e-mail; null: off. */
  readonly smtpPort: number | null;
  readonly intake: PingIntake;
  /** What is wrong, in words; empty: ready. */
  ready(): Promise<string[]>;
  /** Takes no new connections, answers everything in hand, writes what is coalesced. */
  drain(): Promise<void>;
  stop(): Promise<void>;
}

const LANES = 2;
const MAX_PENDING = 50_000;
const MAX_PENDING_BYTES = 128 << 20;

export async function startIngester(options: IngesterOptions): Promise<Ingester> {
  const { config, clock, logger, database } = options;
  const metrics = createMetrics(options.registry, () => null);
  const cache = new CheckCache({
    clock,
    loaders: {
      byCode: (codes) => loadByCode(database.sql, codes),
      bySlug: (addresses) => loadBySlug(database.sql, addresses),
    },
  });
  const writer = new PingWriter({
    clock,
    open: options.openConnection,
    lanes: Array.from({ length: LANES }, () => randomUUID()),
    timeoutMs: config.PING_DB_TIMEOUT_MS,
    overflow: null,
    events: {
      committed(_applied, pings, milliseconds) {
        metrics.accepted.inc({ how: 'committed' }, pings.length);
        metrics.batchSize.observe(pings.length);
        metrics.commitSeconds.observe(milliseconds / 1000);
      },
      spooled: (pings) => metrics.accepted.inc({ how: 'spooled' }, pings.length),
      refused: (pings) => metrics.refused.inc({ status: '503' }, pings),
      away: (err) => logger.warn({ err }, 'The database is away: pings go to the spool'),
      back: () => logger.info('The database is back: pings go to it again'),
      poison: (ping, err) =>
        logger.error({ err, checkId: ping.checkId, ping: ping.id }, 'PostgreSQL refuses this ping'),
      problem: (checkId, problem) => logger.warn({ checkId }, problem),
    },
  });
  const intake = new PingIntake({
    clock,
    cache,
    writer,
    throttle: null,
    provisioner: null,
    rateLimit: null,
    timeoutMs: config.PING_DB_TIMEOUT_MS,
    maxPending: MAX_PENDING,
    maxPendingBytes: MAX_PENDING_BYTES,
  });
  const server: HttpServer = await startHttpServer({
    host: config.PING_HOST,
    port: config.PING_PORT,
    intake,
    answers: new Answers(clock, config.PING_BODY_LIMIT),
    peers: new Peers(trustedProxies(config)),
    bodyLimit: config.PING_BODY_LIMIT,
    maxIncomingBytes: MAX_PENDING_BYTES,
    onRejected: (status) => metrics.refused.inc({ status: String(status) }),
  });
  const smtp = await startConfiguredSmtp(config, { clock, logger, target: intake }).catch((error) => {
    server.close();
    throw error;
  });
  const drain = async () => {
    server.drain();
    await smtp?.stop();
    await intake.settled();
  };
  return {
    port: server.port,
    smtpPort: smtp?.port ?? null,
    intake,
    async ready() {
      return writer.mode === 'live' ? [] : ['The database is away.'];
    },
    drain,
    async stop() {
      await drain();
      server.close();
      await writer.close();
    },
  };
}
