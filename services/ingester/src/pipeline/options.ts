import type { Clock, Milliseconds } from '@overdue/clock';
import type { Config } from '@overdue/config';
import type { Database } from '@overdue/database';
import type { Logger } from '@overdue/observability';
import type { Hearing } from '@overdue/pings';
import type { MeasuredState, Metrics } from '../metrics.ts';

export type PipelineConfig = Pick<
  Config,
  | 'PING_THROTTLE_SECONDS'
  | 'PING_RATE_LIMIT'
  | 'PING_DB_TIMEOUT_MS'
  | 'SPOOL_DIR'
  | 'SPOOL_MAX_BYTES'
  | 'AMNESTY_MIN_GAP_SECONDS'
>;

export interface PipelineOptions {
  readonly config: PipelineConfig;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly metrics: (state: () => MeasuredState) => Metrics;
  /** Opens a pool of up to `max` connections; `lockTimeout` in milliseconds, 0: none. */
  readonly open: (applicationName: string, max: number, lockTimeout: number) => Database;
  /** This process's row in `instances`. */
  readonly instanceId: string;
  /** Who tells `Pipeline.changes`; left out: nobody (the simulation). */
  readonly hearing?: Hearing;
  /** Connections that write; default 1: larger batches cost less than waiting for one another. */
  readonly lanes?: number;
  /** Checks remembered; default: see CheckCache. */
  readonly cachedChecks?: number;
  /** The simulation: milliseconds from a beat that is written to the next that says nothing new. Default 0. */
  readonly spacing?: () => Milliseconds;
  /** The simulation: milliseconds between two looks for other ingesters. */
  readonly lookEvery?: () => Milliseconds;
}
