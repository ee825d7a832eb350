import type { Clock } from '@overdue/clock';
import type { Logger } from './logger.ts';

/** How a process is announced to the others; see the table `instances`. */
export interface Instance {
  /** A UUID made by this process. */
  readonly id: string;
  readonly service: string;
  readonly host: string;
  readonly pid: number;
  /** Epoch milliseconds. */
  readonly startedAt: number;
}

/** Where signs of life are written; `instanceStore` of @overdue/database is one. */
export interface InstanceStore {
  register(instance: Instance): Promise<void>;
  /** False when the row is gone. */
  beat(id: string, info: Record<string, unknown>): Promise<boolean>;
  stop(id: string): Promise<void>;
}

const PERIOD_MS = 1000;

/**
 * A sign of life every second, for as long as the process lives. Survives the database: it is silent while that is
 * away, says so once, and goes on when it is back.
 */
export class Heartbeat {
  readonly #stopping = new AbortController();
  #failing = false;
  #registered = false;
  #loop: Promise<void> = Promise.resolve();
  readonly #store: InstanceStore;
  readonly #instance: Instance;
  readonly #info: () => Record<string, unknown>;
  readonly #clock: Clock;
  readonly #logger: Logger;

  constructor(options: {
    store: InstanceStore;
    instance: Instance;
    info: () => Record<string, unknown>;
    clock: Clock;
    logger: Logger;
  }) {
    this.#store = options.store;
    this.#instance = options.instance;
    this.#info = options.info;
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  start(): void {
    this.#loop = this.#run();
  }

  /** Marks the orderly stop, as far as the database is there; never throws. Waits at most `timeout` milliseconds. */
  async stop(timeout = 2000): Promise<void> {
    this.#stopping.abort();
    const farewell = this.#loop.then(() => this.#store.stop(this.#instance.id)).catch(() => {});
    await Promise.race([farewell, this.#clock.sleep(timeout)]);
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#beat();
        if (this.#failing) this.#logger.info('The database is back');
        this.#failing = false;
      } catch (err) {
        if (!this.#failing) this.#logger.warn({ err }, 'The database does not answer; this process goes on trying');
        this.#failing = true;
      }
      await this.#clock.sleep(PERIOD_MS, this.#stopping.signal);
    }
  }

  async #beat(): Promise<void> {
    if (this.#registered && (await this.#store.beat(this.#instance.id, this.#info()))) return;
    await this.#store.register(this.#instance);
    this.#registered = true;
  }
}
