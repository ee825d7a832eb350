import type { Clock } from '@overdue/clock';
import { type Config, trustedProxies } from '@overdue/config';
import { connect, type DatabaseTarget } from '@overdue/database';
import { type Logger, type Registry, type RunningService, StartError } from '@overdue/observability';
import { ChangeListener, type PingIntake, SpoolLockedError } from '@overdue/pings';
import { Answers } from './http/answers.ts';
import { Peers } from './http/peer.ts';
import { type HttpServer, startHttpServer } from './http/server.ts';
import { createMetrics, labelOf } from './metrics.ts';
import { MAX_PENDING_BYTES, openPipeline, type Pipeline } from './pipeline/index.ts';
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
  | 'AMNESTY_MIN_GAP_SECONDS'
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
  /** Connections that write; default 1: larger batches cost less than waiting for one another. */
  readonly lanes?: number;
}

export interface Ingester {
  /** The port that it listens on. */
  readonly port: number;
  /** The port for pings by e-mail; null: off. */
  readonly smtpPort: number | null;
  readonly intake: PingIntake;
  /** See {@link Pipeline.instances}. */
  readonly instances: NonNullable<RunningService['instances']>;
  /** What is wrong, in words; empty: ready. */
  ready(): Promise<string[]>;
  /** Takes no new connections, answers everything in hand, writes what is coalesced. */
  drain(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * The whole ingester, in this process: HTTP and SMTP in front, one intake, the writer, the spool behind it.
 * @throws StartError for what the operator can mend: a port in use, a spool that belongs to another process
 */
export async function startIngester(options: IngesterOptions): Promise<Ingester> {
  const { config, clock, logger, target, instanceId } = options;
  const timeoutMs = config.PING_DB_TIMEOUT_MS;
  // A transaction of ours must not outlive us by much where it holds locks on checks.
  const settings = {
    plan_cache_mode: 'force_generic_plan',
    idle_in_transaction_session_timeout: String(2 * timeoutMs),
  };
  const open = (applicationName: string, max: number, lockTimeout: number, more: Record<string, string> = {}) =>
    connect({
      target,
      applicationName,
      max,
      connectTimeout: Math.max(timeoutMs, 1000),
      settings: { ...settings, lock_timeout: String(lockTimeout), ...more },
    });
  const pipeline = await openPipeline({
    config,
    clock,
    logger,
    metrics: (state) => createMetrics(options.registry, state),
    open,
    instanceId,
    hearing: {
      whenHeard: (done) => listener.whenHeard(done),
      whenHeardTheLast: (done) => listener.whenHeardTheLast(done),
    },
    ...(options.lanes ? { lanes: options.lanes } : {}),
  }).catch((error) => {
    throw spoolProblem(config, error);
  });
  const { intake, metrics } = pipeline;
  const listener = new ChangeListener({
    clock,
    // What it sends are echoes: no disk has to keep them.
    open: () => open('overdue ingester listen', 1, 0, { synchronous_commit: 'off' }),
    changes: pipeline.changes,
    timeoutMs,
  });

  pipeline.recover();
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
      onRejected: (status) => metrics.refused.add(status),
      onRefused: () => pipeline.refused(),
      onError: (err) => logger.error({ err }, 'A request failed'),
    });
  } catch (error) {
    await pipeline.close();
    throw error;
  }
  try {
    smtp = await startConfiguredSmtp(config, {
      clock,
      logger,
      target: intake,
      onOutcome(outcome) {
        metrics.mailPings.add(labelOf(outcome));
        if (outcome === 'refused') pipeline.refused();
      },
      onRefused: (reason) => metrics.mailRefused.add(reason),
    });
  } catch (error) {
    server.close();
    await pipeline.close();
    throw error;
  }

  listener.start();
  pipeline.start();

  let drained: Promise<void> | undefined;
  const drainOnce = async () => {
    server.drain();
    await smtp?.stop();
    await pipeline.drain();
  };
  const drain = () => {
    drained ??= drainOnce();
    return drained;
  };
  return {
    port: server.port,
    smtpPort: smtp?.port ?? null,
    intake,
    instances: pipeline.instances,
    ready: async () => pipeline.problems(),
    drain,
    async stop() {
      await drain();
      server.close();
      await listener.stop();
      await pipeline.close();
    },
  };
}

/** What the operator can mend, said so. */
function spoolProblem({ SPOOL_DIR }: IngesterConfig, error: unknown): unknown {
  if (error instanceof SpoolLockedError) return new StartError(error.message, { mayPass: true });
  const { code, message } = error as { code?: string; message: string };
  if (!code) return error;
  // The disk may be mounted later.
  return new StartError(`The spool directory SPOOL_DIR (${SPOOL_DIR}) cannot be used: ${message}`, { mayPass: true });
}
