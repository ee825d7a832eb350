import type { Clock } from '@overdue/clock';
import { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { type Hint, HintedQueue, type HintedQueueOptions, type Hints } from './hinted-queue.ts';
import { connectRedis, type RedisTarget } from './redis.ts';
import type { QueueLogger } from './types.ts';

export interface BullmqQueueOptions extends HintedQueueOptions {
  readonly redis: RedisTarget;
  /** First part of every key in Redis: queues with different ones do not see each other. Default `overdue`. */
  readonly prefix?: string;
}

/** The delivery queue on BullMQ: a job is a hint. */
export class BullmqQueue extends HintedQueue {
  constructor(options: BullmqQueueOptions) {
    super(options, new BullmqHints(options));
  }
}

const NAME = 'notifications';
/** Jobs that one worker is at. Each is over when its rows are claimed, not when they are delivered. */
const JOBS_AT_ONCE = 4;

class BullmqHints implements Hints {
  readonly #clock: Clock;
  readonly #logger: QueueLogger;
  readonly #prefix: string;
  readonly #enqueueing: Redis;
  readonly #working: Redis;
  /** Made when Redis is there, and anew after it failed: BullMQ sets a queue up once, and never again when that fails. */
  #queue: Queue | undefined;
  #worker: Worker | undefined;

  constructor({ clock, logger, redis, prefix = 'overdue' }: BullmqQueueOptions) {
    this.#clock = clock;
    this.#logger = logger;
    this.#prefix = prefix;
    this.#enqueueing = connectRedis(redis, false);
    this.#working = connectRedis(redis, true);
    // Who cares looks at the connection's status; an error event without a listener would end the process.
    this.#enqueueing.on('error', () => undefined);
    this.#working.on('error', () => undefined);
  }

  async start(take: (ids: readonly number[]) => Promise<void>): Promise<void> {
    this.#worker = new Worker<{ ids: number[] }>(NAME, (job) => take(job.data.ids), {
      connection: this.#working,
      prefix: this.#prefix,
      concurrency: JOBS_AT_ONCE,
      lockDuration: 30_000,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    });
    this.#worker.on('error', (err) => this.#logger.debug({ err }, 'Redis, as a worker sees it'));
    const ready = new Promise<void>((resolve) => this.#enqueueing.once('ready', resolve));
    if (this.#enqueueing.status !== 'ready') await Promise.race([ready, this.#clock.sleep(1000)]);
  }

  away(): string | undefined {
    const { status } = this.#enqueueing;
    return status === 'ready' ? undefined : `Redis is away (${status})`;
  }

  async waiting(): Promise<number> {
    return await this.#connected().getWaitingCount();
  }

  async add(hints: readonly Hint[]): Promise<unknown> {
    return await this.#connected().addBulk(
      hints.map(({ name, ids }) => ({ name: 'deliver', data: { ids }, opts: { jobId: name } })),
    );
  }

  reset(): void {
    void this.#queue?.close().catch(() => undefined);
    this.#queue = undefined;
  }

  async stopTaking(): Promise<unknown> {
    return await this.#worker?.close();
  }

  async close(): Promise<void> {
    await Promise.race([this.#queue?.close().catch(() => undefined), this.#clock.sleep(500)]);
    this.#enqueueing.disconnect();
    this.#working.disconnect();
  }

  #connected(): Queue {
    if (!this.#queue) {
      this.#queue = new Queue(NAME, {
        connection: this.#enqueueing,
        prefix: this.#prefix,
        defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
      });
      this.#queue.on('error', () => undefined);
    }
    return this.#queue;
  }
}
