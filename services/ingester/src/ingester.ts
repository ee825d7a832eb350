import { randomUUID } from 'node:crypto';
import type { Clock } from '@overdue/clock';
import { type Config, trustedProxies } from '@overdue/config';
import { connect, type DatabaseTarget, instanceStore, liveInstances } from '@overdue/database';
import { type Logger, type Registry, type RunningService, StartError } from '@overdue/observability';
import {
  ChangeListener,
  CheckCache,
  COALESCED_GRACE_MS,
  loadByCode,
  loadBySlug,
  openSpoolDirectory,
  PatientPool,
  PingIntake,
  PingWriter,
  RateLimit,
  Replay,
  type SpoolDirectory,
  SpoolLockedError,
  Throttle,
  Watermark,
} from '@overdue/pings';
import { Answers } from './http/answers.ts';
import { Peers } from './http/peer.ts';
import { type HttpServer, startHttpServer } from './http/server.ts';
import { createMetrics } from './metrics.ts';
import { CheckProvisioner } from './provision.ts';
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
  readonly target: DatabaseTarget;
  /** This process's row in `instances`. */
  readonly instanceId: string;
  /** Connections that write, and with them checks that are locked at a time; default 2. */
  readonly lanes?: number;
}

export interface Ingester {
  /** The port that it listens on. */
  readonly port: number;
  /** The port for pings by e-mail; null: off. */
  readonly smtpPort: number | null;
  readonly intake: PingIntake;
  /** Where its signs of life go; given up in time when the database is silent. */
  readonly instances: NonNullable<RunningService['instances']>;
  /** What is wrong, in words; empty: ready. */
  ready(): Promise<string[]>;
  /** Takes no new connections, answers everything in hand, writes what is coalesced. */
  drain(): Promise<void>;
  stop(): Promise<void>;
}

const MAX_PENDING = 50_000;
const MAX_PENDING_BYTES = 128 << 20;
const BEAT_MS = 1000;
/** How long an ingester that has fallen silent still counts as one that may be throttling. */
const OTHERS_WITHIN_MS = 10_000;

/**
 * The whole ingester, in this process: HTTP and SMTP in front, one intake, the writer, the spool behind it.
 * @throws StartError for what the operator can mend: a port in use, a spool that belongs to another process
 */
export async function startIngester(options: IngesterOptions): Promise<Ingester> {
  const { config, clock, logger, target, instanceId } = options;
  const timeoutMs = config.PING_DB_TIMEOUT_MS;
  const windowMs = config.PING_THROTTLE_SECONDS * 1000;
  // A transaction of ours must not outlive us by much where it holds locks on checks.
  const settings = {
    plan_cache_mode: 'force_generic_plan',
    idle_in_transaction_session_timeout: String(2 * timeoutMs),
    client_connection_check_interval: '1000',
  };
  const open = (applicationName: string, max: number, lockTimeout: number) =>
    connect({
      target,
      applicationName,
      max,
      connectTimeout: Math.max(timeoutMs, 1000),
      settings: { ...settings, lock_timeout: String(lockTimeout) },
    });
  const openLane = () => open('overdue ingester batch', 1, timeoutMs);
  const pool = new PatientPool({ clock, timeoutMs, open: () => open('overdue ingester', 4, timeoutMs) });

  const directory = await takeSpool(options);
  const { spool, journal } = directory;
  const metrics = createMetrics(options.registry, () => ({
    pending: () => intake.pending,
    pendingBytes: () => intake.pendingBytes,
    cacheSize: () => cache.size,
    cacheHits: () => cache.hits,
    cacheMisses: () => cache.misses,
    spooling: () => writer.mode !== 'live',
    spoolBytes: () => spool.bytes,
    spoolPings: () => spool.pings,
    spoolAge: () => (clock.now() - (spool.oldest() ?? clock.now())) / 1000,
    coalescedPings: () => throttle.pings,
    throttled: () => throttle.coalesced,
  }));

  const cache = new CheckCache({
    clock,
    loaders: {
      byCode: (codes) => pool.run(({ sql }) => loadByCode(sql, codes)),
      bySlug: (addresses) => pool.run(({ sql }) => loadBySlug(sql, addresses)),
    },
  });
  const provisioner = new CheckProvisioner(clock, pool);
  let others = false;
  const problem = (checkId: number, text: string) => logger.warn({ checkId }, text);
  const poison = (ping: { checkId: number | null; id: string }, err: unknown) => {
    metrics.dropped.inc({ why: 'poison' });
    logger.error({ err, checkId: ping.checkId, ping: ping.id }, 'PostgreSQL refuses this ping; it is left out');
  };
  const writer = new PingWriter({
    clock,
    open: openLane,
    lanes: Array.from({ length: options.lanes ?? 2 }, () => randomUUID()),
    timeoutMs,
    overflow: spool,
    announceWithinMs: () => (others ? Math.max(windowMs, OTHERS_WITHIN_MS) : 0),
    events: {
      committed(applied, pings, milliseconds) {
        metrics.accepted.inc({ how: 'committed' }, pings.length);
        metrics.batchSize.observe(pings.length);
        metrics.commitSeconds.observe(milliseconds / 1000);
        if (windowMs > 0) throttle.committed(applied.checks);
      },
      spooled: (pings) => metrics.accepted.inc({ how: 'spooled' }, pings.length),
      refused(pings) {
        metrics.refused.inc({ status: '503' }, pings);
        if (pings > 0) watermark.refused();
      },
      away: (err) => logger.warn(err ? { err } : {}, 'Pings go to the spool'),
      back: () => logger.info('Pings go to the database'),
      stranded: (batch) => replay.strand(batch),
      poison,
      problem,
    },
  });
  const throttle = new Throttle({ clock, windowMs, journal, submit: (submission) => writer.submit(submission) });
  const intake = new PingIntake({
    clock,
    cache,
    writer,
    throttle: windowMs > 0 ? throttle : null,
    provisioner,
    rateLimit: config.PING_RATE_LIMIT > 0 ? new RateLimit(clock, config.PING_RATE_LIMIT) : null,
    timeoutMs,
    maxPending: MAX_PENDING,
    maxPendingBytes: MAX_PENDING_BYTES,
  });
  const replay = new Replay({
    clock,
    spool,
    writer,
    cache,
    provisioner,
    open: () => open('overdue ingester replay', 1, 0),
    timeoutMs,
    stranded: directory.stranded,
    events: {
      replayed: (pings) => metrics.replayed.inc(pings),
      dropped(why, ping) {
        metrics.dropped.inc({ why });
        logger.warn({ address: ping.unresolved?.address }, `A spooled ping is left out: its address is ${why}`);
      },
      poison,
      problem,
    },
  });
  const watermark = new Watermark({
    clock,
    instanceId,
    run: (use) => pool.run(({ sql }) => use(sql)),
    oldest: () =>
      earliest(intake.oldest(), spool.oldest(), replay.oldestStranded(), throttle.oldest(COALESCED_GRACE_MS)),
  });
  const listener = new ChangeListener({
    clock,
    open: () => open('overdue ingester listen', 1, 0),
    changes: {
      reset() {
        cache.clear();
        throttle.endAll();
      },
      check(code) {
        const id = cache.changed(code);
        if (id !== undefined) throttle.end(id);
      },
      project: () => cache.forgetSlugs(),
      pinged(ids) {
        if (ids) for (const id of ids) throttle.end(id);
        else throttle.endAll();
      },
    },
  });

  let server: HttpServer;
  let smtp: Awaited<ReturnType<typeof startConfiguredSmtp>>;
  try {
    server = await startHttpServer({
      host: config.PING_HOST,
      port: config.PING_PORT,
      intake,
      answers: new Answers(clock, config.PING_BODY_LIMIT, config.PING_RATE_LIMIT),
      peers: new Peers(trustedProxies(config)),
      bodyLimit: config.PING_BODY_LIMIT,
      maxIncomingBytes: MAX_PENDING_BYTES,
      onRejected(status) {
        metrics.refused.inc({ status: String(status) });
        if (status === 503) watermark.refused();
      },
      onError: (err) => logger.error({ err }, 'A request failed'),
    });
  } catch (error) {
    await directory.close();
    throw error;
  }
  try {
    smtp = await startConfiguredSmtp(config, { clock, logger, target: intake });
  } catch (error) {
    server.close();
    await directory.close();
    throw error;
  }

  watermark.listening();
  listener.start();
  replay.start();
  const stopping = new AbortController();
  void recover(directory, throttle, replay, clock, stopping.signal);
  let beats = 0;
  const beating = clock.every(BEAT_MS, () => {
    void watermark.beat();
    if (beats++ % 2 === 0) {
      pool
        .run(({ sql }) => liveInstances(sql, 'ingester', OTHERS_WITHIN_MS))
        .then((live) => {
          others = live.some((one) => one.id !== instanceId);
        })
        .catch(() => {});
    }
  });

  let drained: Promise<void> | undefined;
  const drainOnce = async () => {
    server.drain();
    await smtp?.stop();
    watermark.stopped();
    await intake.settled();
    throttle.endAll();
    await writer.settled();
    await watermark.beat();
  };
  const drain = () => {
    drained ??= drainOnce();
    return drained;
  };
  return {
    port: server.port,
    smtpPort: smtp?.port ?? null,
    intake,
    instances: patientInstances(pool),
    async ready() {
      if (writer.mode === 'live' || !spool.full) return [];
      return ['The database is away and the spool is full.'];
    },
    drain,
    async stop() {
      await drain();
      server.close();
      beating.cancel();
      stopping.abort();
      await Promise.all([listener.stop(), replay.stop()]);
      await writer.close();
      await directory.close();
      await pool.close();
    },
  };
}

async function takeSpool({ config, clock, logger }: IngesterOptions): Promise<SpoolDirectory> {
  try {
    const directory = await openSpoolDirectory({
      directory: config.SPOOL_DIR,
      maxBytes: config.SPOOL_MAX_BYTES,
      clock,
      onDamage: (damage) => logger.error(damage, 'A part of the spool cannot be read and was set aside'),
    });
    const { pings, bytes } = directory.spool;
    if (pings > 0) logger.info({ pings, bytes }, 'The spool holds pings from before; they are applied first');
    return directory;
  } catch (error) {
    if (error instanceof SpoolLockedError) throw new StartError(error.message);
    const { code, message } = error as { code?: string; message: string };
    if (code) throw new StartError(`The spool directory SPOOL_DIR (${config.SPOOL_DIR}) cannot be used: ${message}`);
    throw error;
  }
}

/** Brings in what an earlier process had coalesced, then lets the old journal go. */
async function recover(
  directory: SpoolDirectory,
  throttle: Throttle,
  replay: Replay,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  await throttle.recover(directory.unclaimed);
  while (replay.oldestStranded() !== null && !signal.aborted) await clock.sleep(BEAT_MS, signal);
  if (!signal.aborted) await directory.recovered();
}

function patientInstances(pool: PatientPool): Ingester['instances'] {
  return {
    register: (instance) => pool.run(({ sql }) => instanceStore(sql).register(instance)),
    beat: (id, info) => pool.run(({ sql }) => instanceStore(sql).beat(id, info)),
    stop: (id) => pool.run(({ sql }) => instanceStore(sql).stop(id)),
  };
}

function earliest(...instants: (number | null)[]): number | null {
  const some = instants.filter((instant) => instant !== null);
  return some.length === 0 ? null : Math.min(...some);
}
