import type { Clock } from '@overdue/clock';
import { createLogger, type Logger } from './logger.ts';
import {
  type RunningService,
  type RuntimeConfig,
  type ServiceContext,
  type ServiceName,
  startService,
} from './service.ts';
import { EXIT_START_ERROR, StartError } from './start-error.ts';

export interface RunServiceOptions<C extends RuntimeConfig> {
  readonly service: ServiceName;
  readonly clock: Clock;
  /** Reads the configuration: `() => loadConfig(process.env)`. What it throws is printed without a stack. */
  config(): C;
  start(context: ServiceContext<C>): Promise<RunningService>;
}

/** After DRAIN_SECONDS, a service that has not stopped by then is ended, in milliseconds. */
const STOP_TIMEOUT_MS = 8000;

/**
 * A service's whole life as a process; its main.ts is one call of this. SIGTERM and SIGINT stop it in order (exit 0;
 * again and again is the same as once), and so does the end of the supervisor that started it. What nobody caught is
 * logged and ends it (exit 1). What its operator can mend is said in words (exit {@link EXIT_START_ERROR}, or 1 where it
 * may pass by itself).
 *
 * @example
 * await runService({
 *   service: 'sendalerts',
 *   clock: systemClock,
 *   config: () => loadConfig(process.env),
 *   async start({ config, logger, clock, registry, instance }) {
 *     const target = databaseTarget(config);
 *     if (!target) throw new StartError('No database is configured: set DATABASE_URL.');
 *     const database = connect({ target, applicationName: 'overdue sendalerts' });
 *     return { ready: async () => [], stop: () => database.close(), instances: instanceStore(database.sql) };
 *   },
 * });
 */
export async function runService<C extends RuntimeConfig>(options: RunServiceOptions<C>): Promise<void> {
  let config: C;
  try {
    config = options.config();
  } catch (error) {
    process.stderr.write(`overdue ${options.service}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(EXIT_START_ERROR);
  }
  const { service, clock } = options;
  const logger = createLogger({ service, level: config.LOG_LEVEL, format: config.LOG_FORMAT });

  let stopping: Promise<void> | undefined;
  let started: ReturnType<typeof startService> | undefined;
  const stop = (why: string, exitCode: number) => {
    stopping ??= (async () => {
      logger.info(`${service} stops: ${why}`);
      const timeout = config.DRAIN_SECONDS * 1000 + STOP_TIMEOUT_MS;
      clock.after(timeout, () => {
        logger.error(`${service} did not stop within ${timeout / 1000} seconds and is ended`);
        process.exit(1);
      });
      try {
        // A service that is told to stop while it starts is ended: it holds nothing yet.
        const handle = await Promise.race([started, clock.sleep(1000)]);
        await handle?.stop();
        logger.info(`${service} stopped`);
      } catch (err) {
        logger.error({ err }, `${service} did not stop cleanly`);
        process.exit(1);
      }
      process.exit(exitCode);
    })();
  };
  const fail = (err: unknown) => {
    logger.fatal({ err }, `${service} cannot go on`);
    stop('an error', 1);
  };

  process.on('SIGTERM', () => stop('SIGTERM', 0));
  process.on('SIGINT', () => stop('SIGINT', 0));
  process.on('uncaughtException', (err) => crash(logger, service, err));
  process.on('unhandledRejection', (err) => crash(logger, service, err));
  // Started with a channel to a supervisor: whatever ended that one must not leave this process on its ports.
  if (process.connected) process.on('disconnect', () => stop('its supervisor is gone', 0));

  const began = clock.monotonic();
  try {
    started = startService({ ...options, config, logger, fail });
    const { adminPort } = await started;
    const took = Math.round(clock.monotonic() - began);
    logger.info({ pid: process.pid, adminPort, took }, `${service} started`);
  } catch (err) {
    if (stopping) return;
    if (err instanceof StartError) {
      logger.fatal(err.message);
      process.exit(err.mayPass ? 1 : EXIT_START_ERROR);
    }
    crash(logger, service, err);
  }
}

function crash(logger: Logger, service: string, err: unknown): never {
  logger.fatal({ err }, `${service} crashed`);
  process.exit(1);
}
