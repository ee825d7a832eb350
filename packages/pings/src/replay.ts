import type { Clock, Instant, Milliseconds } from '@overdue/clock';
import type { Database } from '@overdue/database';
import { type Applied, type BatchRange, lanePositions, type ReportProblem } from './apply-batch.ts';
import { lookUpPatience } from './budget.ts';
import type { CheckCache } from './check-cache.ts';
import { classifyEmail, readMessage } from './email/index.ts';
import type { Provisioner } from './intake.ts';
import type { Ping } from './ping.ts';
import { classifyHttp } from './rules.ts';
import type { Spool, SpoolRecord } from './spool/spool.ts';
import type { Vouching } from './vouching/index.ts';
import { within } from './within.ts';
import { BatchConnection, meansAway, NotKnownYetError, type PingWriter, type StrandedBatch } from './writer.ts';

export interface ReplayEvents {
  replayed(pings: number): void;
  /** A transaction was committed. */
  applied(applied: Applied): void;
  /** It waits for what other ingesters say: ask them. */
  waits(): void;
  /** Pings whose address leads to no check, or to several. */
  dropped(why: 'unknown' | 'ambiguous', ping: Ping): void;
  poison(ping: Ping, error: unknown): void;
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
  /** Applied before anything in the spool. Tells of more by {@link Replay.strand}. */
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

/**
 * Brings the spool into the database whenever it is not empty, and the writer back to it. One batch at a time, in the
 * order in which they were spooled; each under its own number, so it does not matter how often it is tried.
 */
export class Replay {
  readonly #options: ReplayOptions;
  readonly #connection: BatchConnection;
  readonly #stopping = new AbortController();
  readonly #stopped: Promise<void>;
  readonly #stranded: StrandedBatch[];
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
        // The database is still away (what is wrong with it was said when it went).
        writer.goAway(null);
        if (error instanceof NotKnownYetError) {
          await clock.sleep(ASK_AGAIN_MS, signal);
          continue;
        }
        await clock.sleep(pause, signal);
        pause = Math.min(pause * 2, RETRY_MS.most);
      }
    }
  }

  /** Applies what is spooled, and ends with the writer live. @throws when the database is away */
  async #drain(): Promise<void> {
    const { spool, writer, clock, timeoutMs } = this.#options;
    // What is in flight in a lane came before what is spooled of it.
    while (writer.mode === 'spooling' && !this.#stopping.signal.aborted) {
      await this.#applyStranded();
      const records = await spool.next(READ_BYTES);
      if (records.length === 0 && !writer.busy) await this.#probe();
      if (records.length > 0) await this.#apply(records, PATIENCE_MS);
      if (spool.pings > FEW) continue;
      writer.hold();
      const deadline = clock.monotonic() + lookUpPatience(timeoutMs);
      while (!(spool.empty && !writer.busy && this.#stranded.length === 0)) {
        const left = deadline - clock.monotonic();
        if (left <= 0 || this.#stopping.signal.aborted) throw new Error('The spool could not be emptied in time');
        await this.#applyStranded();
        const last = await spool.next(READ_BYTES);
        if (last.length > 0) await this.#apply(last, left);
        else await clock.sleep(2);
      }
      if (writer.goLive()) return;
      writer.goAway(null);
    }
  }

  async #applyStranded(): Promise<void> {
    while (this.#stranded.length > 0) {
      const { number, pings, done } = this.#stranded[0]!;
      await this.#send(pings, [{ ...number, first: number.batch }], PATIENCE_MS);
      this.#stranded.shift();
      done();
    }
  }

  /** @throws when the database does not take writes */
  async #probe(): Promise<void> {
    await this.#connection.apply([], { ranges: [] }, this.#options.clock, this.#options.timeoutMs);
  }

  /** In order, many batches in a transaction. */
  async #apply(records: readonly SpoolRecord[], timeoutMs: number): Promise<void> {
    const deadline = this.#options.clock.monotonic() + timeoutMs;
    let from = 0;
    while (from < records.length) {
      let pings = 0;
      let to = from;
      while (to < records.length && (to === from || pings + records[to]!.content.pings.length <= PINGS_AT_ONCE)) {
        pings += records[to++]!.content.pings.length;
      }
      await this.#applyTogether(records.slice(from, to), deadline - this.#options.clock.monotonic());
      from = to;
    }
  }

  async #applyTogether(records: readonly SpoolRecord[], timeoutMs: number): Promise<void> {
    const { spool, events } = this.#options;
    try {
      await this.#applyMissing(records, timeoutMs);
    } catch (error) {
      if (meansAway(error) && !(error instanceof NotKnownYetError && records.length > 1)) throw error;
      if (records.length > 1) {
        for (const record of records) await this.#applyTogether([record], timeoutMs);
        return;
      }
      const pings = await this.#resolve(records[0]!.content.pings);
      await this.#send(await this.#withoutPoison(pings, error, timeoutMs), rangesOf(records), timeoutMs);
    }
    events.replayed(records.reduce((sum, record) => sum + record.count, 0));
    await spool.applied(records);
  }

  /** Applies those that are not in yet. */
  async #applyMissing(records: readonly SpoolRecord[], timeoutMs: number): Promise<void> {
    const { clock } = this.#options;
    let left = records;
    while (left.length > 0) {
      const ranges = rangesOf(left);
      const pings = await this.#resolve(left.flatMap((record) => record.content.pings));
      const { already } = await this.#send(pings, ranges, timeoutMs);
      if (!already) return;
      // Some are in: a batch that had timed out and was committed all the same, or our own last attempt.
      const lanes = ranges.map((range) => range.lane);
      const positions = await this.#connection.run((sql) => lanePositions(sql, lanes), clock, timeoutMs);
      const missing = left.filter(({ content }) => content.batch > (positions.get(content.lane) ?? 0));
      if (missing.length === left.length) throw new Error('The lanes of the spool moved in an impossible way');
      left = missing;
    }
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
function rangesOf(records: readonly SpoolRecord[]): BatchRange[] {
  const ranges = new Map<string, BatchRange>();
  for (const { content } of records) {
    const { lane, batch } = content;
    ranges.set(lane, { lane, batch, first: ranges.get(lane)?.first ?? batch });
  }
  return [...ranges.values()];
}
