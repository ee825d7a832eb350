import type { Clock, Instant } from '@overdue/clock';
import type { Database } from '@overdue/database';
import type { Applied, ApplyOptions } from './apply-batch.ts';
import { BatchConnection, meansAway } from './batch-connection.ts';
import type { ReportProblem } from './batch-work.ts';
import { commitPatience } from './budget.ts';
import type { BatchNumber } from './lanes.ts';
import type { Outcome, Ping } from './ping.ts';
import type { RememberedChecks } from './remembered-checks.ts';
import type { ClaimedPings, Submission } from './submission.ts';
import type { Vouching } from './vouching/index.ts';
import { TimedOutError } from './within.ts';

/** Where pings go while the database is away. */
export interface Overflow {
  /** Resolves when the pings are on disk. @throws when they are not: full, or the disk failed */
  append(number: BatchNumber, pings: readonly Ping[]): Promise<void>;
}

/** A ping is late if no other ingester holds an earlier one, and one of them vouches only up to `until`. */
export class NotKnownYetError extends Error {
  override readonly name = 'NotKnownYetError';
  readonly until: Instant;

  constructor(until: Instant) {
    super('A ping came after its deadline, and another ingester may hold an earlier one: waiting for it');
    this.until = until;
  }
}

export interface StrandedBatch {
  readonly number: BatchNumber;
  readonly pings: readonly Ping[];
  done(): void;
}

/** What happened, for metrics and the throttle. None of these may throw. */
export interface WriterEvents {
  committed(applied: Applied, pings: readonly Ping[], milliseconds: number): void;
  spooled(pings: readonly Ping[]): void;
  /** Neither the database nor the spool took these, whose senders were told so. `error`: why the spool did not. */
  refused(pings: number, error: unknown): void;
  /** The database stopped or started taking batches. `error`: why it stopped. */
  away(error: unknown): void;
  back(): void;
  /**
   * Pings that are answered already, and that neither the database nor the spool took. They are safe in the journal;
   * to be applied under this number in its turn (see owed.ts), and `done` to be called then. Told before the lane's next
   * batch begins.
   */
  stranded(batch: StrandedBatch): void;
  /** One ping that PostgreSQL will never take, whatever the day. It is reported, answered as refused, and left out. */
  poison(ping: Ping, error: unknown): void;
  problem: ReportProblem;
}

export interface WriterOptions {
  readonly clock: Clock;
  /** Opens a pool of one connection. Each lane has one, and throws it away on any error. */
  readonly open: () => Database;
  /** A fresh UUID each: one for each lane. */
  readonly lanes: readonly string[];
  /** PING_DB_TIMEOUT_MS: how long a ping waits, from its arrival, before it is spooled. See budget.ts. */
  readonly timeoutMs: number;
  readonly overflow: Overflow | null;
  readonly events: WriterEvents;
  /** Most pings in a transaction; default 1000. */
  readonly maxBatch?: number;
  /** Most bytes of bodies in a transaction; default 8 MiB. */
  readonly maxBatchBytes?: number;
  /** See ApplyOptions; asked for each batch. */
  readonly announceWithinMs?: () => number;
  /** See ApplyOptions. */
  readonly vouching?: Vouching;
  /** Left out of it while `announceWithinMs` is not 0: other ingesters write the same checks then. */
  readonly memory?: RememberedChecks;
}

export type WriterMode = 'live' | 'spooling' | 'holding';

/**
 * Group commit: what arrives while a lane's transaction is in flight goes into its next. Pings of a check always go the
 * same lane, so they stay in order and two lanes never lock the same row.
 *
 *   live ──a batch fails, or its pings waited too long──> spooling <──goAway── holding ──goLive()──> live
 *                                                              └────────hold()────────^
 *
 * In `spooling`, batches go to the overflow instead, each lane's after what it had in flight. A batch whose fate is
 * unknown goes there under its own number, so that it is applied again exactly if it had not committed. In `holding`,
 * pings wait for the last ones in the overflow to be applied before them.
 */
export class PingWriter {
  readonly #options: WriterOptions;
  readonly #lanes: Lane[];
  #mode: WriterMode = 'live';
  #waitingForAway: (() => void)[] = [];
  #closed = false;
  /** Pings submitted and not settled. */
  pending = 0;
  /** Bytes of their bodies. */
  pendingBytes = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#lanes = options.lanes.map((id) => new Lane(id, options.open));
  }

  get mode(): WriterMode {
    return this.#mode;
  }

  /** Whether a batch is on its way, to the database or the overflow. */
  get busy(): boolean {
    return this.#lanes.some((lane) => lane.inFlight !== null);
  }

  submit(submission: Submission): void {
    const { ping } = submission;
    this.pending++;
    if (ping.body) this.pendingBytes += ping.body.length;
    if (ping.checkId === null) this.goAway(null);
    const lane = this.#lanes[(ping.checkId ?? 0) % this.#lanes.length]!;
    lane.queue.push(submission);
    if (ping.at < lane.oldest - OLDER_MS && !submission.claim) this.#hurry(lane, ping.at);
    if (!lane.scheduled && lane.inFlight === null) {
      lane.scheduled = true;
      setImmediate(() => {
        lane.scheduled = false;
        void this.#pump(lane);
      });
    }
  }

  /** To the overflow from now on. */
  goAway(error: unknown): void {
    const before = this.#mode;
    this.#mode = 'spooling';
    if (before === 'live') this.#options.events.away(error);
    if (before === 'holding') this.#pumpAll();
    for (const resolve of this.#waitingForAway.splice(0)) resolve();
  }

  /** Resolves when the mode is not `live`. */
  away(): Promise<void> {
    if (this.#mode !== 'live') return Promise.resolve();
    return new Promise((resolve) => this.#waitingForAway.push(resolve));
  }

  /** From `spooling` to `holding`. */
  hold(): void {
    if (this.#mode === 'spooling') this.#mode = 'holding';
  }

  /**
   * To the database again. Call it when nothing is left in the overflow, in the tick in which that was seen.
   * @returns false when a ping waits that has to go through the overflow, because it is not looked up yet
   */
  goLive(): boolean {
    if (this.#mode === 'live') return true;
    if (this.#lanes.some((lane) => lane.queue.some(({ ping }) => ping.checkId === null))) return false;
    this.#mode = 'live';
    this.#options.events.back();
    this.#pumpAll();
    return true;
  }

  /** Resolves when everything submitted until now (and meanwhile) is settled. */
  async settled(): Promise<void> {
    while (this.pending > 0) await this.#options.clock.sleep(5);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#lanes.map((lane) => lane.connection.discard(1)));
  }

  /** What is in flight must not keep a ping waiting that has waited (for its look-up) for longer. */
  #hurry(lane: Lane, at: Instant): void {
    const { clock, timeoutMs } = this.#options;
    lane.oldest = at;
    lane.connection.hurry(commitPatience(timeoutMs, clock.now() - at) ?? 0);
  }

  #pumpAll(): void {
    for (const lane of this.#lanes) void this.#pump(lane);
  }

  async #pump(lane: Lane): Promise<void> {
    while (lane.inFlight === null && lane.queue.length > 0 && this.#mode !== 'holding') {
      const batch = this.#take(lane);
      lane.inFlight = batch;
      lane.oldest = oldestWaiting(batch);
      const number = { lane: lane.id, batch: ++lane.number };
      try {
        if (this.#mode === 'live') await this.#commit(lane, number, batch);
        else await this.#spool(number, batch);
      } finally {
        lane.inFlight = null;
        lane.oldest = Number.NEGATIVE_INFINITY;
      }
    }
  }

  #take(lane: Lane): Submission[] {
    const { maxBatch = 1000, maxBatchBytes = 8 << 20 } = this.#options;
    const { queue } = lane;
    let bytes = 0;
    let count = 0;
    while (count < queue.length && count < maxBatch) {
      bytes += queue[count]!.ping.body?.length ?? 0;
      if (bytes > maxBatchBytes && count > 0) break;
      count++;
    }
    // A claim is not divided: it is bound to one batch.
    while (count < queue.length && queue[count]!.claim && queue[count]!.claim === queue[count - 1]!.claim) count++;
    if (count === queue.length) {
      lane.queue = [];
      return queue;
    }
    return queue.splice(0, count);
  }

  async #commit(lane: Lane, number: BatchNumber, batch: Submission[]): Promise<void> {
    const { clock, timeoutMs, events, announceWithinMs, overflow, vouching, memory } = this.#options;
    const patience = commitPatience(timeoutMs, clock.now() - oldestWaiting(batch));
    if (patience === null) {
      this.goAway(new TimedOutError(`Pings waited longer than ${timeoutMs} ms for their turn`));
      await this.#spool(number, batch);
      return;
    }
    const pings = batch.map((submission) => submission.ping);
    const began = clock.monotonic();
    const announce = announceWithinMs?.() ?? 0;
    const claims = claimsOf(batch);
    const options: ApplyOptions = {
      ranges: [{ ...number, first: number.batch }],
      onProblem: events.problem,
      announceWithinMs: announce,
      ...(memory && announce === 0 ? { memory } : {}),
      ...(vouching ? { vouching, mayWait: overflow !== null } : {}),
      ...(claims.length > 0 ? { beforeCommit: Promise.all(claims.map((claim) => claim.bind(number))) } : {}),
    };
    let applied: Applied;
    try {
      applied = await lane.connection.apply(pings, options, clock, patience);
    } catch (error) {
      if (this.#closed || meansAway(error)) {
        this.goAway(error);
        await this.#spool(number, batch);
      } else {
        await this.#isolate(lane, batch, error);
      }
      return;
    }
    if (applied.waitsAt !== null) {
      this.goAway(new NotKnownYetError(applied.waitsAt));
      await this.#spool(number, batch);
      return;
    }
    if (applied.outdated.length > 0) {
      await this.#commitAnew(lane, batch, applied.outdated);
      return;
    }
    events.committed(applied, pings, clock.monotonic() - began);
    for (const claim of claims) claim.done();
    const answer = () => {
      for (let i = 0; i < batch.length; i++) this.#settle(batch[i]!, applied.outcomes[i]!);
    };
    // The next batch goes first: it keeps the database busy meanwhile, for a twelfth more pings a second. (The driver
    // sends what is short, such as a commit, in an immediate of its own, after the first of these two.)
    if (lane.queue.length > 0) setImmediate(() => setImmediate(answer));
    else answer();
  }

  /**
   * Checks were edited, and these of their pings were judged by what they had been. Nothing of the batch is in. The lane
   * waits until they are judged anew, so that pings stay in order.
   */
  async #commitAnew(lane: Lane, batch: Submission[], outdated: readonly number[]): Promise<void> {
    const takenBack = new Set<Submission>();
    const judgeAnew = async (submission: Submission) => {
      const { body } = submission.ping;
      if (await submission.judgeAnew!()) return;
      takenBack.add(submission);
      this.pending--;
      if (body) this.pendingBytes -= body.length;
    };
    const judged = await Promise.allSettled(outdated.map((index) => judgeAnew(batch[index]!)));
    const failed = judged.find((one) => one.status === 'rejected');
    // Those go to the overflow as they are.
    if (failed) this.goAway(failed.reason);
    const left = batch.filter((submission) => !takenBack.has(submission));
    if (left.length === 0) return;
    const number = { lane: lane.id, batch: ++lane.number };
    if (this.#mode === 'live') await this.#commit(lane, number, left);
    else await this.#spool(number, left);
  }

  /** PostgreSQL refuses something in the batch: halves find out which ping it is. */
  async #isolate(lane: Lane, batch: Submission[], error: unknown): Promise<void> {
    if (batch.length === 1) {
      this.#options.events.poison(batch[0]!.ping, error);
      batch[0]!.claim?.done();
      this.#settle(batch[0]!, 'refused');
      return;
    }
    let middle = batch.length >> 1;
    // As in #take. (A claim's pings were made by us; it is someone else's ping that is refused.)
    while (middle < batch.length - 1 && batch[middle]!.claim && batch[middle]!.claim === batch[middle - 1]!.claim) {
      middle++;
    }
    for (const half of [batch.slice(0, middle), batch.slice(middle)]) {
      const number = { lane: lane.id, batch: ++lane.number };
      if (this.#mode === 'live') await this.#commit(lane, number, half);
      else await this.#spool(number, half);
    }
  }

  async #spool(number: BatchNumber, batch: Submission[]): Promise<void> {
    const { overflow, events } = this.#options;
    const pings = batch.map((submission) => submission.ping);
    const claims = claimsOf(batch);
    try {
      if (!overflow) throw new Error('There is no spool.');
      // Together: they share an fsync, and senders wait.
      await Promise.all(claims.map((claim) => claim.bind(number)));
      await overflow.append(number, pings);
    } catch (error) {
      const answered = claims.flatMap((claim) => claim.answered());
      const done = () => {
        for (const claim of claims) claim.done();
      };
      if (answered.length > 0) events.stranded({ number, pings: answered, done });
      else done();
      events.refused(batch.length - answered.length, error);
      for (const submission of batch) this.#settle(submission, 'refused');
      return;
    }
    for (const claim of claims) claim.done();
    events.spooled(pings);
    for (const submission of batch) this.#settle(submission, 'recorded');
  }

  #settle(submission: Submission, outcome: Outcome): void {
    this.pending--;
    if (submission.ping.body) this.pendingBytes -= submission.ping.body.length;
    submission.settle(outcome);
  }
}

/** A ping that much older than those in flight makes them hurry. */
const OLDER_MS = 50;

/** When the first of those was received whose sender waits for the answer; infinity: none does. */
function oldestWaiting(batch: readonly Submission[]): Instant {
  let oldest = Number.POSITIVE_INFINITY;
  for (const { ping, claim } of batch) if (ping.at < oldest && !claim) oldest = ping.at;
  return oldest;
}

function claimsOf(batch: readonly Submission[]): ClaimedPings[] {
  const claims = new Set<ClaimedPings>();
  for (const { claim } of batch) if (claim) claims.add(claim);
  return [...claims];
}

class Lane {
  readonly id: string;
  readonly connection: BatchConnection;
  number = 0;
  queue: Submission[] = [];
  inFlight: Submission[] | null = null;
  /** When the oldest ping was received that is in flight and waited for; minus infinity: nothing is in flight. */
  oldest: Instant = Number.NEGATIVE_INFINITY;
  scheduled = false;

  constructor(id: string, open: () => Database) {
    this.id = id;
    this.connection = new BatchConnection(open);
  }
}
