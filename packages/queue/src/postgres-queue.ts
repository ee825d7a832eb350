import type { Milliseconds } from '@overdue/clock';
import { Courier } from './courier.ts';
import { listen } from './listen.ts';
import { courierOptions, type QueueOptions } from './options.ts';
import type { DeliveryHandler, DeliveryQueue } from './types.ts';
import { WakeUp } from './wake-up.ts';

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
        const { claims, more } = await this.#courier.outbox.claimDue(limit, this.#courier.busyRoutes());
        this.#problem = undefined;
        void this.#courier.accept(claims);
        if (more) {
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
