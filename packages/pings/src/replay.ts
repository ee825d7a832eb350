import type { Clock, Instant, Milliseconds } from '@overdue/clock';
import { type Database, isConnectionError } from '@overdue/database';
import type { Applied } from './apply-batch.ts';
import { BatchConnection, meansAway } from './batch-connection.ts';
import type { ReportProblem } from './batch-work.ts';
import { lookUpPatience } from './budget.ts';
import type { CheckCache } from './check-cache.ts';
import { classifyEmail, readMessage } from './email/index.ts';
import type { Provisioner } from './intake.ts';
import { type BatchRange, lanePositions } from './lanes.ts';
import { inOrder, type Owed } from './owed.ts';
import type { Ping } from './ping.ts';
import { classifyHttp } from './rules.ts';
import type { Spool } from './spool/spool.ts';
import type { Vouching } from './vouching/index.ts';
import { TimedOutError, within } from './within.ts';
import { NotKnownYetError, type PingWriter, type StrandedBatch } from './writer.ts';

export interface ReplayEvents {
  replayed(pings: number): void;
  /** A transaction was committed. */
  applied(applied: Applied): void;
  /** It waits for what other ingesters say: ask them. */
  waits(): void;
  /** Pings whose address leads to no check, or to several. */
  dropped(why: 'unknown' | 'ambiguous', ping: Ping): void;
  poison(ping: Ping, error: unknown): void;
  /** It cannot go on, and it is not the database that is away: a disk that is not read, a mistake. It tries again. */
  stalled(error: unknown): void;
  problem: ReportProblem;
}

export interface ReplayOptions {
  readonly clock: Clock;
  readonly spool: Spool;
  readonly writer: PingWriter;
  readonly cache: CheckCache;
  readonly provisioner: Provisioner | null;
  readonly open: () => Database;
  /** PING_DB_TIMEOUT_MS: bounds how long new pings are held back at the end. See budget.ts. */
  readonly timeoutMs: number;
  /** Of an earlier process; to be told of more by {@link Replay.strand}. */
  readonly stranded: readonly StrandedBatch[];
  /** See ApplyOptions. */
  readonly vouching?: Vouching;
  readonly events: ReplayEvents;
}

/** A replayed batch may take so long, however short PING_DB_TIMEOUT_MS: nobody waits for it, and giving up too early on a slow database would mean never. */
const PATIENCE_MS = 15_000;
/** Read at a time. */
const READ_BYTES = 4 << 20;
/** About so many pings go in one transaction. */
const PINGS_AT_ONCE = 2000;
/** When so few pings are left, new ones are held back until they are applied. */
const FEW = 1000;
const RETRY_MS = { first: 100, most: 1000 };
/** How long it waits for other ingesters to vouch for more than they do, before it goes on without them. */
const OTHERS_PATIENCE_MS = 20_000;
const ASK_AGAIN_MS = 100;
/** What keeps it from going on is said again after so long. */
const SAY_AGAIN_MS = 60_000;

class NotEmptiedError extends Error {
  override readonly name = 'NotEmptiedError';
}

/** The disk, or what it gives, keeps the spool from being read; its code must not be taken for the database's. */
class SpoolUnreadableError extends Error {
  override readonly name = 'SpoolUnreadableError';
}

/**
 * Brings the spool into the database whenever it is not empty, and the writer back to it: in the order in which batches
 * were spooled, the stranded ones in their place among them (see owed.ts). Each goes under its own number, so it does not
 * matter how often it is tried.
 */
export class Replay {
  readonly #options: ReplayOptions;
  readonly #connection: BatchConnection;
  readonly #stopping = new AbortController();
  readonly #stopped: Promise<void>;
  #stranded: StrandedBatch[];
  /** Whether it was looked up which of an earlier process's batches had committed. */
  #knowsCommitted = false;
  /** What was said last to keep it from going on, and when (monotonic). */
  #said: { readonly what: string; readonly at: Milliseconds } | null = null;
  #loop: Promise<void> = Promise.resolve();
  /** What the others vouched for when it had to wait for them, and since when that has been so (monotonic). */
  #waits: { readonly until: Instant; readonly since: Milliseconds } | null = null;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#stopped = new Promise((resolve) => this.#stopping.signal.addEventListener('abort', () => resolve()));
    this.#stranded = [...options.stranded];
    this.#connection = new BatchConnection(options.open);
  }

  start(): void {
    if (!this.#options.spool.empty || this.#stranded.length > 0) this.#options.writer.goAway(null);
    this.#loop = this.#run();
  }

  /** See WriterEvents. The writer is away when this happens. */
  strand(batch: StrandedBatch): void {
    this.#stranded.push(batch);
  }

  /** When the oldest ping of a stranded batch was received, or null. */
  oldestStranded(): Instant | null {
    const instants = this.#stranded.map((batch) => batch.pings[0]!.at);
    return instants.length === 0 ? null : Math.min(...instants);
  }

  /** Ends after the batch in hand. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const { clock, timeoutMs } = this.#options;
    await within(clock, timeoutMs, this.#loop).catch(() => {});
    await this.#connection.discard(0);
  }

  async #run(): Promise<void> {
    const { writer, clock } = this.#options;
    const { signal } = this.#stopping;
    let pause = RETRY_MS.first;
    while (!signal.aborted) {
      await Promise.race([writer.away(), this.#stopped]);
      if (signal.aborted) return;
      try {
        await this.#drain();
        pause = RETRY_MS.first;
      } catch (error) {
        writer.goAway(null);
        if (error instanceof NotKnownYetError) {
          await clock.sleep(ASK_AGAIN_MS, signal);
          continue;
        }
        if (!isOrdinary(error)) this.#say(error);
        await clock.sleep(pause, signal);
        pause = Math.min(pause * 2, RETRY_MS.most);
      }
    }
  }

  #say(error: unknown): void {
    const { clock, events } = this.#options;
    const what = String(error);
    if (this.#said?.what === what && clock.monotonic() - this.#said.at < SAY_AGAIN_MS) return;
    this.#said = { what, at: clock.monotonic() };
    events.stalled(error);
  }

  /** Applies what is spooled, and ends with the writer live. @throws when the database is away */
  async #drain(): Promise<void> {
    const { spool, writer, clock, timeoutMs } = this.#options;
    const { signal } = this.#stopping;
    while (writer.mode === 'spooling' && !signal.aborted) {
      if (!this.#knowsCommitted) await this.#letCommittedGo();
      const owed = await this.#next();
      if (owed.length > 0) await this.#apply(owed, PATIENCE_MS);
      else if (!writer.busy) await this.#probe();
      if (spool.pings > FEW) {
        if (owed.length === 0) await clock.sleep(RETRY_MS.first, signal);
        continue;
      }
      writer.hold();
      const deadline = clock.monotonic() + lookUpPatience(timeoutMs);
      while (!(spool.empty && !writer.busy && this.#stranded.length === 0)) {
        const left = deadline - clock.monotonic();
        if (left <= 0 || signal.aborted) throw new NotEmptiedError('The spool could not be emptied in time');
        const last = await this.#next();
        if (last.length > 0) await this.#apply(last, left);
        else await clock.sleep(2);
      }
      if (writer.goLive()) return;
      writer.goAway(null);
    }
  }

  /** What comes next, in order; nothing: the spool is empty, and nothing is stranded that came before what is in it. */
  async #next(): Promise<Owed[]> {
    const before = [...this.#stranded];
    const records = await this.#options.spool.next(READ_BYTES).catch((cause) => {
      throw new SpoolUnreadableError(`The spool cannot be read: ${cause.message}`, { cause });
    });
    // One that is stranded during the read may come after batches that were spooled during the read.
    return inOrder(records, records.length === 0 ? before : this.#stranded);
  }

  /** Most batches that an earlier process left in its journal had committed: it keeps them until all are. */
  async #letCommittedGo(): Promise<void> {
    const lanes = this.#stranded.map(({ number }) => number.lane);
    const positions = await this.#positions(lanes, this.#options.timeoutMs);
    for (const batch of [...this.#stranded]) {
      if (batch.number.batch <= (positions.get(batch.number.lane) ?? 0)) this.#finish(batch);
    }
    this.#knowsCommitted = true;
  }

  #finish(batch: StrandedBatch): void {
    this.#stranded = this.#stranded.filter((one) => one !== batch);
    batch.done();
  }

  /** @throws when the database does not take writes */
  async #probe(): Promise<void> {
    await this.#connection.apply([], { ranges: [] }, this.#options.clock, this.#options.timeoutMs);
  }

  /** In order, many batches in a transaction. */
  async #apply(owed: readonly Owed[], timeoutMs: number): Promise<void> {
    const deadline = this.#options.clock.monotonic() + timeoutMs;
    let from = 0;
    while (from < owed.length) {
      let pings = 0;
      let to = from;
      while (to < owed.length && (to === from || pings + owed[to]!.pings.length <= PINGS_AT_ONCE)) {
        pings += owed[to++]!.pings.length;
      }
      await this.#applyTogether(owed.slice(from, to), deadline - this.#options.clock.monotonic());
      from = to;
    }
  }

  async #applyTogether(owed: readonly Owed[], timeoutMs: number): Promise<void> {
    try {
      await this.#applyMissing(owed, timeoutMs);
    } catch (error) {
      if (meansAway(error) && !(error instanceof NotKnownYetError && owed.length > 1)) throw error;
      if (owed.length > 1) {
        for (const one of owed) await this.#applyTogether([one], timeoutMs);
        return;
      }
      const pings = await this.#resolve(owed[0]!.pings);
      await this.#send(await this.#withoutPoison(pings, error, timeoutMs), rangesOf(owed), timeoutMs);
    }
    await this.#applied(owed);
  }

  async #applied(owed: readonly Owed[]): Promise<void> {
    const { spool, events } = this.#options;
    for (const { stranded } of owed) if (stranded) this.#finish(stranded);
    const records = owed.map(({ record }) => record).filter((record) => record !== null);
    if (records.length === 0) return;
    events.replayed(records.reduce((sum, { count }) => sum + count, 0));
    await spool.applied(records);
  }

  /** Applies those that are not in yet. */
  async #applyMissing(owed: readonly Owed[], timeoutMs: number): Promise<void> {
    let left = owed;
    while (left.length > 0) {
      const ranges = rangesOf(left);
      const pings = await this.#resolve(left.flatMap((one) => one.pings));
      const { already } = await this.#send(pings, ranges, timeoutMs);
      if (!already) return;
      // Some are in: a batch that had timed out and was committed all the same, or our own last attempt.
      const lanes = ranges.map((range) => range.lane);
      const positions = await this.#positions(lanes, timeoutMs);
      const missing = left.filter(({ lane, batch }) => batch > (positions.get(lane) ?? 0));
      if (missing.length === left.length) throw new Error('The lanes of the spool moved in an impossible way');
      left = missing;
    }
  }

  /** The number of the newest batch of each lane that is committed. */
  async #positions(lanes: readonly string[], timeoutMs: number): Promise<ReadonlyMap<string, number>> {
    if (lanes.length === 0) return new Map();
    return this.#connection.run((sql) => lanePositions(sql, [...new Set(lanes)]), this.#options.clock, timeoutMs);
  }

  /** @throws {NotKnownYetError} when it has to wait for other ingesters, beside what BatchConnection throws */
  async #send(pings: readonly Ping[], ranges: readonly BatchRange[], timeoutMs: number): Promise<Applied> {
    const { clock, events, vouching } = this.#options;
    const patient = this.#waits === null || clock.monotonic() - this.#waits.since < OTHERS_PATIENCE_MS;
    const options = { ranges, onProblem: events.problem, ...(vouching ? { vouching, mayWait: patient } : {}) };
    const applied = await this.#connection.apply(pings, options, clock, timeoutMs);
    if (applied.waitsAt !== null) {
      if (this.#waits?.until !== applied.waitsAt) this.#waits = { until: applied.waitsAt, since: clock.monotonic() };
      events.waits();
      throw new NotKnownYetError(applied.waitsAt);
    }
    events.applied(applied);
    return applied;
  }

  /** Finds the pings that PostgreSQL refuses by trying halves; reports them, and returns the others. */
  async #withoutPoison(pings: readonly Ping[], error: unknown, timeoutMs: number): Promise<Ping[]> {
    if (pings.length === 0) return [];
    if (pings.length === 1) {
      this.#options.events.poison(pings[0]!, error);
      return [];
    }
    const middle = pings.length >> 1;
    const good: Ping[] = [];
    for (const half of [pings.slice(0, middle), pings.slice(middle)]) {
      try {
        await this.#connection.apply(half, { ranges: [], dryRun: true }, this.#options.clock, timeoutMs);
        good.push(...half);
      } catch (refusal) {
        if (meansAway(refusal)) throw refusal;
        good.push(...(await this.#withoutPoison(half, refusal, timeoutMs)));
      }
    }
    return good;
  }

  /** Looks up the checks of pings that were spooled with their address only. */
  async #resolve(pings: readonly Ping[]): Promise<Ping[]> {
    if (pings.every((ping) => ping.unresolved === null)) return [...pings];
    const resolved = await Promise.all(pings.map((ping) => (ping.unresolved ? this.#resolveOne(ping) : ping)));
    return resolved.filter((ping) => ping !== null);
  }

  async #resolveOne(ping: Ping): Promise<Ping | null> {
    const { cache, clock, timeoutMs, provisioner, events } = this.#options;
    const { address, action, create } = ping.unresolved!;
    let lookup = cache.peek(address) ?? (await within(clock, timeoutMs, cache.load(address)));
    if (lookup === 'unknown' && create && provisioner && 'slug' in address) {
      if ((await provisioner.create(address)) !== 'refused') {
        cache.forgetSlugs();
        lookup = await within(clock, timeoutMs, cache.load(address));
      }
    }
    if (typeof lookup === 'string') {
      events.dropped(lookup, ping);
      return null;
    }
    const kind =
      ping.scheme === 'email'
        ? classifyEmail(lookup.rules, readMessage(ping.body ?? Buffer.alloc(0)))
        : classifyHttp(lookup.rules, action, ping.method, ping.body);
    return { ...ping, checkId: lookup.id, unresolved: null, kind };
  }
}

/** The numbers of each lane, which are in order. */
function rangesOf(owed: readonly Owed[]): BatchRange[] {
  const ranges = new Map<string, BatchRange>();
  for (const { lane, batch } of owed) ranges.set(lane, { lane, batch, first: ranges.get(lane)?.first ?? batch });
  return [...ranges.values()];
}

/** Whether a later attempt is all that it takes. (Why the database is away was said when it went.) */
function isOrdinary(error: unknown): boolean {
  return error instanceof TimedOutError || error instanceof NotEmptiedError || isConnectionError(error);
}
