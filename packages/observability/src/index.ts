/** What surrounds every service: logs, metrics, health and readiness, start and orderly stop. */
export { Heartbeat, type InstanceStore } from './heartbeat.ts';
export { createLogger, type Logger } from './logger.ts';
export { inMaintenance, MAINTENANCE_REASON, setMaintenance } from './maintenance.ts';
export { Counter, createRegistry, Gauge, Histogram, type Registry } from './metrics.ts';
export { pidFile, readPidFile, removePidFile, writePidFile } from './pid-file.ts';
export { runService } from './run-service.ts';
export { adminPortVariable, type RunningService, SERVICES, type ServiceContext, type ServiceName } from './service.ts';
export { EXIT_START_ERROR, listenError, StartError } from './start-error.ts';
