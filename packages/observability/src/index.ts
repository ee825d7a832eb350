/** What surrounds every service: logs, metrics, health and readiness, start and orderly stop. */
export { type AdminServer, type AdminServerOptions, startAdminServer } from './admin-server.ts';
export { Heartbeat, type Instance, type InstanceStore } from './heartbeat.ts';
export { type CreateLoggerOptions, createLogger, type LogDestination, type Logger } from './logger.ts';
export { inMaintenance, MAINTENANCE_REASON, setMaintenance } from './maintenance.ts';
export { Counter, createRegistry, Gauge, Histogram, type Registry } from './metrics.ts';
export { pidFile, readPidFile, removePidFile, writePidFile } from './pid-file.ts';
export { type RunServiceOptions, runService } from './run-service.ts';
export {
  adminPortVariable,
  type RunningService,
  type RuntimeConfig,
  SERVICES,
  type ServiceContext,
  type ServiceHandle,
  type ServiceName,
  type StartServiceOptions,
  startService,
} from './service.ts';
export { EXIT_START_ERROR, listenError, StartError } from './start-error.ts';
