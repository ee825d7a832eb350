import { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { Courier } from './courier.ts';
import { listen } from './listen.ts';
import { courierOptions, type QueueOptions } from './options.ts';
import { connectRedis, type RedisTarget } from './redis.ts';
import type { DeliveryHandler, DeliveryQueue } from './types.ts';
import { WakeUp } from './wake-up.ts';

export interface BullmqQueueOptions extends QueueOptions {
  readonly redis: RedisTarget;
  /** How long Redis has to bring a row to a worker before it counts as forgotten. Default 5 s. */
  readonly hold?: number;
  /** First part of every key in Redis: queues with different ones do not see each other. Default `overdue`. */
  readonly prefix?: string;
}

const NAME = 'notifications';
/** Rows handed to Redis in one statement at most. */
const MOST_AT_ONCE = 200;
/** Rows in one job at most. */
const IN_ONE_JOB = 25;
/** Jobs that may wait in Redis: the rest waits in the outbox. */
const MOST_WAITING = 40;
/** Jobs that one worker is at. Each is over when its rows are claimed, not when they are delivered. */
const JOBS_AT_ONCE = 4;

/**
 * The delivery queue on BullMQ. Redis spreads the work, the outbox stays the truth:
 *
 *   rows due ──hand over──> job with their ids in Redis ──> a worker that has room ──claim──> courier
 *      ├── Redis away, full or refusing ────────────────────────────────────────claim──> courier
 *      └── handed over and not claimed in time (Redis forgot), or their worker died ──claim──> courier
 *
 * A job is only a hint to claim rows: one too many does nothing, one too few is made up for by the sweep. So Redis may
 * lose everything at any moment.
 */
export class BullmqQueue implements DeliveryQueue {
  readonly #options: BullmqQueueOptions;
  readonly #courier: Courier;
  readonly #wakeUp = new WakeUp();
  readonly #enqueueing: Redis;
  readonly #working: Redis;
  /** Made when Redis is there, and anew after it failed: BullMQ sets a queue up once, and never again when that fails. */
  #queue: Queue | undefined;
  #worker: Worker | undefined;
  #stopping = false;
  #loop: Promise<void> | undefined;
  #unlisten: (() => Promise<unknown>) | undefined;
  #databaseProblem: string | undefined;
  #redisProblem: string | undefined;
  /** Monotonic; until then Redis is not tried again. */
  #redisRests = 0;
  #probing = false;

  constructor(options: BullmqQueueOptions) {
    this.#options = options;
    this.#courier = new Courier(courierOptions(options, () => this.#wakeUp.wake()));
    this.#enqueueing = connectRedis(options.redis, false);
    this.#working = connectRedis(options.redis, true);
    // Who cares looks at the connection's status; an error event without a listener would end the process.
    this.#enqueueing.on('error', () => undefined);
    this.#working.on('error', () => undefined);
  }

  async start(handler: DeliveryHandler): Promise<void> {
    const { logger, redis: _redis, ...options } = this.#options;
    this.#courier.start(handler);
    this.#worker = new Worker<{ ids: number[] }>(NAME, (job) => this.#take(job.data.ids), {
      connection: this.#working,
      prefix: options.prefix ?? 'overdue',
      concurrency: JOBS_AT_ONCE,
      lockDuration: 30_000,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    });
    this.#worker.on('error', (err) => logger.debug({ err }, 'Redis, as a worker sees it'));
    const ready = new Promise<void>((resolve) => this.#enqueueing.once('ready', resolve));
    if (this.#enqueueing.status !== 'ready') await Promise.race([ready, options.clock.sleep(1000)]);
    this.#unlisten = listen(this.#options, () => this.#wakeUp.wake());
    this.#loop = this.#run();
  }

  wake(): void {
    this.#wakeUp.wake();
  }

  /** Redis being away is none: the outbox is swept instead. */
  problems(): readonly string[] {
    return this.#databaseProblem ? [this.#databaseProblem] : [];
  }

  /** Why the outbox is swept without Redis at present; undefined: it is not. */
  get fallingBack(): string | undefined {
    return this.#redisProblem;
  }

  async stop(drain = 10_000): Promise<void> {
    const { clock } = this.#options;
    this.#stopping = true;
    this.#wakeUp.wake();
    await this.#unlisten?.();
    await this.#loop;
    await Promise.race([this.#worker?.close().catch(() => undefined), clock.sleep(500)]);
    await this.#courier.stop(drain);
    await Promise.race([this.#queue?.close().catch(() => undefined), clock.sleep(500)]);
    this.#enqueueing.disconnect();
    this.#working.disconnect();
  }

  async #run(): Promise<void> {
    const { clock, logger, poll = 1000 } = this.#options;
    while (!this.#stopping) {
      let more = false;
      try {
        await this.#sweepForgotten();
        more = this.#redisUsable() ? await this.#handOver() : await this.#sweepAll();
        this.#databaseProblem = undefined;
      } catch (err) {
        this.#databaseProblem = 'The outbox cannot be read.';
        logger.warn({ err }, 'The outbox cannot be read; trying again');
        await clock.sleep(200);
      }
      if (!more) await this.#wakeUp.wait(clock, poll);
    }
  }

  /** Rows whose worker died, or that Redis did not bring to one in time. */
  async #sweepForgotten(): Promise<void> {
    const limit = Math.min(MOST_AT_ONCE, this.#courier.room());
    const { claims, more } = await this.#courier.outbox.claimAbandoned(limit, this.#courier.busyRoutes());
    if (claims.length > 0) this.#options.logger.info({ count: claims.length }, 'Redis or a worker forgot deliveries');
    void this.#courier.accept(claims);
    if (more) this.#courier.starved();
  }

  /** True when there is more to hand over at once. */
  async #handOver(): Promise<boolean> {
    const { outbox } = this.#courier;
    const waiting = await this.#ask((queue) => queue.getWaitingCount());
    if (waiting === undefined) return true;
    const limit = Math.min(MOST_AT_ONCE, (MOST_WAITING - waiting) * IN_ONE_JOB);
    if (limit <= 0) {
      await this.#options.clock.sleep(50);
      return true;
    }
    const { rows, more } = await outbox.handOver(limit, this.#courier.busyRoutes(), this.#options.hold ?? 5000);
    if (rows.length === 0) return more;
    const jobs = chunks(rows, IN_ONE_JOB).map((chunk) => ({
      name: 'deliver',
      data: { ids: chunk.map(({ id }) => id) },
      // Stable, with the attempt in it: a job left over from an earlier attempt does not stand in the way.
      opts: { jobId: `${chunk[0]!.id}-${chunk[0]!.attempts}-${chunk.length}` },
    }));
    await this.#ask((queue) => queue.addBulk(jobs));
    return more || this.#redisProblem !== undefined;
  }

  /** A job: claims its rows once there is room for them. */
  async #take(ids: readonly number[]): Promise<void> {
    await this.#courier.untilRoom();
    if (this.#stopping) return;
    void this.#courier.accept(await this.#courier.outbox.claimIds(ids));
  }

  /** Without Redis: claims everything that is due, also what Redis was handed. */
  async #sweepAll(): Promise<boolean> {
    const limit = Math.min(MOST_AT_ONCE, this.#courier.room());
    const { claims, more } = await this.#courier.outbox.claimDue(limit, this.#courier.busyRoutes(), true);
    void this.#courier.accept(claims);
    if (!more) return false;
    if (limit > 0 && this.#courier.room() > 0) return true;
    this.#courier.starved();
    return false;
  }

  /** False while it is away or refuses. Whether it is back is found out beside the sweep, which does not wait for it. */
  #redisUsable(): boolean {
    if (this.#enqueueing.status !== 'ready') {
      this.#fallBack(`Redis is away (${this.#enqueueing.status})`);
      return false;
    }
    if (!this.#redisProblem) return true;
    if (!this.#probing && this.#options.clock.monotonic() >= this.#redisRests) {
      this.#probing = true;
      void this.#ask((queue) => queue.getWaitingCount()).then((answer) => {
        this.#probing = false;
        if (answer !== undefined) this.#wakeUp.wake();
      });
    }
    return false;
  }

  /** Asks Redis; undefined when it did not answer or refused, and then it is left alone for a second. */
  async #ask<T>(command: (queue: Queue) => Promise<T>): Promise<T | undefined> {
    const { clock, logger } = this.#options;
    try {
      const answer = await Promise.race([
        command(this.#connected()).then((value) => ({ value })),
        clock.sleep(3000).then(() => undefined),
      ]);
      if (!answer) throw new Error('Redis did not answer within 3 seconds');
      if (this.#redisProblem) logger.info({}, 'Redis is back: deliveries go through it again');
      this.#redisProblem = undefined;
      return answer.value;
    } catch (err) {
      this.#fallBack(err instanceof Error ? err.message : String(err));
      this.#redisRests = clock.monotonic() + 1000;
      void this.#queue?.close().catch(() => undefined);
      this.#queue = undefined;
      return undefined;
    }
  }

  #connected(): Queue {
    if (!this.#queue) {
      this.#queue = new Queue(NAME, {
        connection: this.#enqueueing,
        prefix: this.#options.prefix ?? 'overdue',
        defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
      });
      this.#queue.on('error', () => undefined);
    }
    return this.#queue;
  }

  #fallBack(why: string): void {
    if (!this.#redisProblem) this.#options.logger.warn({ why }, 'Redis cannot be used; the outbox is swept without it');
    this.#redisProblem = why;
  }
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const result: T[][] = [];
  for (let i = 0; i < items.length; i += size) result.push(items.slice(i, i + size));
  return result;
}
