import type { Clock, Milliseconds } from '@overdue/clock';
import type { Database } from '@overdue/database';
import type { CourierOptions } from './courier.ts';
import type { GateOptions } from './gate.ts';
import type { QueueLogger } from './types.ts';

export interface QueueOptions {
  /** Looked at for each statement, so its pool may be replaced meanwhile. */
  readonly database: Pick<Database, 'sql'>;
  readonly clock: Clock;
  readonly logger: QueueLogger;
  /** This worker's instances.id. */
  readonly worker: string;
  /** Messages under way at once at most. Default 200. */
  readonly concurrency?: number;
  /** How long a claim outlives its worker. Default 5 s. */
  readonly lease?: Milliseconds;
  /** How often to look when nobody said that something is owed. Default 1 s. */
  readonly poll?: Milliseconds;
  /** A statement that takes longer is given up. Default 20 s. */
  readonly silence?: Milliseconds;
  /** The database was silent for that long: a chance to throw its connections away. */
  readonly onSilence?: () => void;
  readonly gate?: Omit<GateOptions, 'clock'>;
  readonly random?: () => number;
  /** Tests and the simulation: the clock's time in the outbox instead of the database's. */
  readonly clockInOutbox?: boolean;
}

/** What both drivers tell the courier. */
export function courierOptions(options: QueueOptions, onRoom: () => void): CourierOptions {
  const { database, worker, lease = 5000, clock, logger, concurrency = 200, silence = 20_000 } = options;
  return {
    database,
    worker,
    lease,
    clock,
    logger,
    concurrency,
    silence,
    onSilence: options.onSilence ?? (() => undefined),
    onRoom,
    ...(options.gate ? { gate: options.gate } : {}),
    ...(options.random ? { random: options.random } : {}),
    ...(options.clockInOutbox ? { clockInOutbox: true } : {}),
  };
}
