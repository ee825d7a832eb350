import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Clock } from '@overdue/clock';
import { startAdminServer } from './admin-server.ts';
import { Heartbeat, type Instance, type InstanceStore } from './heartbeat.ts';
import type { Logger } from './logger.ts';
import { inMaintenance, MAINTENANCE_REASON } from './maintenance.ts';
import { createRegistry, type Registry } from './metrics.ts';
import { pidFile, removePidFile, writePidFile } from './pid-file.ts';

export const SERVICES = ['ingester', 'web', 'sendalerts', 'sendreports'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** What the runtime reads of the configuration; a parsed `Config` of @overdue/config is one. */
export interface RuntimeConfig {
  readonly ADMIN_HOST: string;
  readonly INGESTER_ADMIN_PORT: number;
  readonly WEB_ADMIN_PORT: number;
  readonly SENDALERTS_ADMIN_PORT: number;
  readonly SENDREPORTS_ADMIN_PORT: number;
  readonly DATA_DIR: string;
  readonly DRAIN_SECONDS: number;
  readonly LOG_LEVEL: string;
  readonly LOG_FORMAT: 'json' | 'pretty';
}

/** What a service is given to start with. */
export interface ServiceContext<C> {
  readonly config: C;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly registry: Registry;
  /** This process's row in the table `instances`. */
  readonly instance: Instance;
  /** Ends the process as if it had been told to stop, but with exit code 1: for what cannot be mended in place. */
  fail(error: unknown): void;
}

/** A service that has started. */
export interface RunningService {
  /** What keeps it from doing its whole job, in words; empty: ready. Asked by /readyz, so answer within a second. */
  ready(): Promise<readonly string[]>;
  /** Takes no new work and ends the work in hand; called when it has been told to stop and DRAIN_SECONDS are over. */
  drain?(): Promise<void>;
  /** Closes everything, the database included. */
  stop(): Promise<void>;
  /**
   * Where its signs of life go, once a second: `instanceStore(database.sql)`. Left out by a service that keeps its row
   * in `instances` itself.
   */
  readonly instances?: InstanceStore;
  /** Written with each sign of life. */
  info?(): Record<string, unknown>;
}

export interface StartServiceOptions<C extends RuntimeConfig> {
  readonly service: ServiceName;
  readonly config: C;
  readonly logger: Logger;
  readonly clock: Clock;
  start(context: ServiceContext<C>): Promise<RunningService>;
  /** See {@link ServiceContext.fail}. */
  fail(error: unknown): void;
}

export interface ServiceHandle {
  readonly adminPort: number;
  /** The orderly stop: not ready but serving for DRAIN_SECONDS, then drained, then stopped. */
  stop(): Promise<void>;
}

type Phase = 'starting' | 'running' | 'stopping';

/**
 * Starts a service with everything around it: pid file, admin port, signs of life. The admin port answers from the
 * beginning (not ready: starting).
 * @throws whatever `start` throws; StartError when the admin port cannot be opened
 */
export async function startService<C extends RuntimeConfig>(options: StartServiceOptions<C>): Promise<ServiceHandle> {
  const { service, config, logger, clock } = options;
  const instance: Instance = {
    id: randomUUID(),
    service,
    host: hostname(),
    pid: process.pid,
    startedAt: clock.now(),
  };
  const registry = createRegistry(service);
  const pid = pidFile(config.DATA_DIR, service);
  let phase: Phase = 'starting';
  let running: RunningService | undefined;

  const admin = await startAdminServer({
    host: config.ADMIN_HOST,
    port: config[adminPortVariable(service)],
    service,
    clock,
    logger,
    registry,
    live: () => true,
    async ready() {
      if (phase !== 'running' || !running) return [`${service} is ${phase}.`];
      const wrong = [...(await running.ready())];
      if (inMaintenance(config.DATA_DIR, service)) wrong.push(MAINTENANCE_REASON);
      return wrong;
    },
  });
  let heartbeat: Heartbeat | undefined;
  try {
    running = await options.start({ config, logger, clock, registry, instance, fail: options.fail });
  } catch (error) {
    // Its supervisor, if it has one, has written the pid file, and removes it.
    await admin.close();
    throw error;
  }
  // Only now: a second process of the same service on this DATA_DIR fails above (a port, the spool) and must not take the
  // file over.
  writePidFile(pid, process.pid);
  if (running.instances) {
    const info = () => running?.info?.() ?? {};
    heartbeat = new Heartbeat({ store: running.instances, instance, info, clock, logger });
    heartbeat.start();
  }
  phase = 'running';

  return {
    adminPort: admin.port,
    async stop() {
      phase = 'stopping';
      if (config.DRAIN_SECONDS > 0) await clock.sleep(config.DRAIN_SECONDS * 1000);
      await running.drain?.();
      await heartbeat?.stop();
      await running.stop();
      await admin.close();
      removePidFile(pid, process.pid);
    },
  };
}

/** The environment variable with a service's admin port. */
export function adminPortVariable<S extends ServiceName>(service: S): `${Uppercase<S>}_ADMIN_PORT` {
  return `${service.toUpperCase() as Uppercase<S>}_ADMIN_PORT`;
}
