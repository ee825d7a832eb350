import type { Milliseconds } from '@overdue/clock';
import { Courier } from './courier.ts';
import { listen } from './listen.ts';
import { courierOptions, type QueueOptions } from './options.ts';
import type { DeliveryHandler, DeliveryQueue } from './types.ts';
import { WakeUp } from './wake-up.ts';

/** Rows whose ids go from who looks into the outbox to a worker that has room. */
export interface Hint {
  /** Who says the same again says it under the same name. */
  readonly name: string;
  /** Of rows of the outbox. */
  readonly ids: readonly number[];
}

/**
 * Carries hints between workers: Redis, but for the simulation, which has one of its own. It may lose them, repeat them,
 * bring them late, refuse, and not answer at all.
 */
export interface Hints {
  /** Connects. Resolves when it is there, or soon when it is not. @param take a hint has come; it may wait for room */
  start(take: (ids: readonly number[]) => Promise<void>): Promise<void>;
  /** Why it cannot even be asked now; undefined: it can. */
  away(): string | undefined;
  /** How many hints wait for a worker. */
  waiting(): Promise<number>;
  add(hints: readonly Hint[]): Promise<unknown>;
  /** It failed: what it does next begins from scratch. */
  reset(): void;
  /** Takes no more hints. */
  stopTaking(): Promise<unknown>;
  /** Does not wait for long. */
  close(): Promise<unknown>;
}

export interface HintedQueueOptions extends QueueOptions {
  /** How long a hint may take before its rows count as forgotten. Default 5 s. */
  readonly hold?: Milliseconds;
}

/** Rows handed over in one statement at most. */
const MOST_AT_ONCE = 200;
/** Rows in one hint at most. */
const IN_ONE_HINT = 25;
/** Hints that may wait: the rest waits in the outbox. */
const MOST_WAITING = 40;
/** An answer that takes longer is given up. */
const PATIENCE: Milliseconds = 3000;

/**
 * The delivery queue on Redis, whatever runs there. It spreads the work, the outbox stays the truth:
 *
 *   rows due ──hand over──> hint with their ids ──> a worker that has room ──claim──> courier
 *      ├── Redis away, full or refusing ────────────────────────────────────claim──> courier
 *      └── handed over and not claimed in time (Redis forgot), or their worker died ──claim──> courier
 *
 * A hint too many does nothing, one too few is made up for by the sweep. So Redis may lose everything at any moment.
 */
export class HintedQueue implements DeliveryQueue {
  readonly #options: HintedQueueOptions;
  readonly #hints: Hints;
  readonly #courier: Courier;
  readonly #wakeUp = new WakeUp();
  #stopping = false;
  #loop: Promise<void> | undefined;
  #unlisten: (() => Promise<unknown>) | undefined;
  #databaseProblem: string | undefined;
  #redisProblem: string | undefined;
  /** Monotonic; until then Redis is not tried again. */
  #redisRests = 0;
  #probing = false;

  constructor(options: HintedQueueOptions, hints: Hints) {
    this.#options = options;
    this.#hints = hints;
    this.#courier = new Courier(courierOptions(options, () => this.#wakeUp.wake()));
  }

  async start(handler: DeliveryHandler): Promise<void> {
    this.#courier.start(handler);
    await this.#hints.start((ids) => this.#take(ids));
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
    await Promise.race([this.#hints.stopTaking().catch(() => undefined), clock.sleep(500)]);
    await this.#courier.stop(drain);
    await this.#hints.close();
  }

  async #run(): Promise<void> {
    const { clock, logger } = this.#options;
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
      if (!more) await this.#wakeUp.wait(clock, this.#options.poll ?? 1000);
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
    const waiting = await this.#ask(() => this.#hints.waiting());
    if (waiting === undefined) return true;
    const limit = Math.min(MOST_AT_ONCE, (MOST_WAITING - waiting) * IN_ONE_HINT);
    if (limit <= 0) {
      await this.#options.clock.sleep(50);
      return true;
    }
    const { rows, more } = await outbox.handOver(limit, this.#courier.busyRoutes(), this.#options.hold ?? 5000);
    if (rows.length === 0) return more;
    const hints = chunks(rows, IN_ONE_HINT).map((chunk) => ({
      // With the attempt in it: a hint left over from an earlier attempt does not stand in the way.
      name: `${chunk[0]!.id}-${chunk[0]!.attempts}-${chunk.length}`,
      ids: chunk.map(({ id }) => id),
    }));
    await this.#ask(() => this.#hints.add(hints));
    return more || this.#redisProblem !== undefined;
  }

  /** A hint: claims its rows once there is room for them. */
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
    const away = this.#hints.away();
    if (away !== undefined) {
      this.#fallBack(away);
      return false;
    }
    if (!this.#redisProblem) return true;
    if (!this.#probing && this.#options.clock.monotonic() >= this.#redisRests) {
      this.#probing = true;
      void this.#ask(() => this.#hints.waiting()).then((answer) => {
        this.#probing = false;
        if (answer !== undefined) this.#wakeUp.wake();
      });
    }
    return false;
  }

  /** Asks Redis; undefined when it did not answer or refused, and then it is left alone for a second. */
  async #ask<T>(command: () => Promise<T>): Promise<T | undefined> {
    const { clock, logger } = this.#options;
    try {
      const answer = await Promise.race([
        command().then((value) => ({ value })),
        clock.sleep(PATIENCE).then(() => undefined),
      ]);
      if (!answer) throw new Error(`Redis did not answer within ${PATIENCE / 1000} seconds`);
      if (this.#redisProblem) logger.info({}, 'Redis is back: deliveries go through it again');
      this.#redisProblem = undefined;
      return answer.value;
    } catch (err) {
      this.#fallBack(err instanceof Error ? err.message : String(err));
      this.#redisRests = clock.monotonic() + 1000;
      this.#hints.reset();
      return undefined;
    }
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
