import type { Clock, Milliseconds } from '@overdue/clock';
import { connect, type DatabaseTarget } from '@overdue/database';
import { type Logger, type Registry, type RunningService, StartError } from '@overdue/observability';
import { ChangeListener, type PingIntake, SpoolLockedError } from '@overdue/pings';
import { createMetrics } from './metrics.ts';
import { openPipeline, type PipelineConfig } from './pipeline/index.ts';
import { openTransports, type TransportsConfig } from './transports.ts';

export type IngesterConfig = PipelineConfig & TransportsConfig;

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
  const open = opener(target, config.PING_DB_TIMEOUT_MS);
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
  const listener = new ChangeListener({
    clock,
    // What it sends are echoes: no disk has to keep them.
    open: () => open('overdue ingester listen', 1, 0, { synchronous_commit: 'off' }),
    changes: pipeline.changes,
    timeoutMs: config.PING_DB_TIMEOUT_MS,
  });

  pipeline.recover();
  const transports = await openTransports({ config, clock, logger, pipeline }).catch(async (error) => {
    await pipeline.close();
    throw error;
  });
  listener.start();
  pipeline.start();

  let drained: Promise<void> | undefined;
  const drainOnce = async () => {
    await transports.drain();
    await pipeline.drain();
  };
  const drain = () => {
    drained ??= drainOnce();
    return drained;
  };
  return {
    port: transports.port,
    smtpPort: transports.smtpPort,
    intake: pipeline.intake,
    instances: pipeline.instances,
    ready: async () => pipeline.problems(),
    drain,
    async stop() {
      await drain();
      transports.close();
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

/** Opens pools of this ingester's: of up to `max` connections; `lockTimeout` in milliseconds, 0: none. */
function opener(target: DatabaseTarget, timeoutMs: Milliseconds) {
  // A transaction of ours must not outlive us by much where it holds locks on checks.
  const settings = {
    plan_cache_mode: 'force_generic_plan',
    idle_in_transaction_session_timeout: String(2 * timeoutMs),
  };
  return (applicationName: string, max: number, lockTimeout: number, more: Record<string, string> = {}) =>
    connect({
      target,
      applicationName,
      max,
      connectTimeout: Math.max(timeoutMs, 1000),
      settings: { ...settings, lock_timeout: String(lockTimeout), ...more },
    });
}
