import type { Clock, Milliseconds } from '@overdue/clock';
import type { Database } from '@overdue/database';
import { Courier, type CourierOptions } from './courier.ts';
import type { GateOptions } from './gate.ts';
import { WakeUp } from './signal.ts';
import type { DeliveryHandler, DeliveryQueue, QueueLogger } from './types.ts';

export interface QueueOptions {
  /** Looked at for each statement, so its pool may be replaced meanwhile. */
  readonly database: Pick<Database, 'sql'>;
  readonly clock: Clock;
  readonly logger: QueueLogger;
  /** This worker's instances.id. */
  readonly worker: string;
  /** Messages under way at once at most. Default 200. */
  readonly concurrency?: number;
  /** How long a claim outlives its worker. Default 10 s. */
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
  const { database, worker, lease = 10_000, clock, logger, concurrency = 200, silence = 20_000 } = options;
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

/** Rows claimed in one statement at most. */
const MOST_AT_ONCE = 100;

/** The delivery queue without Redis: workers claim rows of the outbox with SKIP LOCKED, woken by NOTIFY. */
export class PostgresQueue implements DeliveryQueue {
  readonly #options: QueueOptions;
  readonly #courier: Courier;
  readonly #wakeUp = new WakeUp();
  #stopping = false;
  #loop: Promise<void> | undefined;
  #unlisten: (() => Promise<unknown>) | undefined;
  #problem: string | undefined;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#courier = new Courier(courierOptions(options, () => this.#wakeUp.wake()));
  }

  async start(handler: DeliveryHandler): Promise<void> {
    this.#courier.start(handler);
    this.#unlisten = listen(this.#options, () => this.#wakeUp.wake());
    this.#loop = this.#run();
  }

  wake(): void {
    this.#wakeUp.wake();
  }

  problems(): readonly string[] {
    return this.#problem ? [this.#problem] : [];
  }

  async stop(drain: Milliseconds = 10_000): Promise<void> {
    this.#stopping = true;
    this.#wakeUp.wake();
    await this.#unlisten?.();
    await this.#loop;
    await this.#courier.stop(drain);
  }

  async #run(): Promise<void> {
    const { clock, logger } = this.#options;
    while (!this.#stopping) {
      try {
        const limit = Math.min(MOST_AT_ONCE, this.#courier.room());
        const claims = await this.#courier.outbox.claimDue(limit, this.#courier.busyChannels());
        this.#problem = undefined;
        void this.#courier.accept(claims);
        if (claims.length === limit) {
          if (limit > 0 && this.#courier.room() > 0) continue;
          this.#courier.starved();
        }
      } catch (err) {
        this.#problem = 'The outbox cannot be read.';
        logger.warn({ err }, 'The outbox cannot be read; trying again');
        await clock.sleep(200);
      }
      await this.#wakeUp.wait(clock, this.#options.poll ?? 1000);
    }
  }
}

/** Calls `wake` at every NOTIFY of something owed, and after each (re)connection. Returns how to stop. */
export function listen(options: Pick<QueueOptions, 'database' | 'logger' | 'clock'>, wake: () => void) {
  const stop = new AbortController();
  let current: { unlisten(): Promise<void> } | undefined;
  const started = (async () => {
    while (!stop.signal.aborted) {
      const { sql } = options.database;
      try {
        current = await sql.listen('notifications_owed', wake, wake);
        // The driver listens again after each loss of its connection, but not when its pool was thrown away.
        while (!stop.signal.aborted && options.database.sql === sql) await options.clock.sleep(5000, stop.signal);
      } catch (err) {
        options.logger.debug({ err }, 'LISTEN failed; trying again');
        await options.clock.sleep(1000, stop.signal);
      }
    }
  })();
  return async () => {
    stop.abort();
    await Promise.race([started, options.clock.sleep(500)]);
    await current?.unlisten().catch(() => undefined);
  };
}
