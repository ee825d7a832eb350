import { randomUUID } from 'node:crypto';
import type { Clock, Milliseconds, Timer } from '@overdue/clock';
import type { Config } from '@overdue/config';
import { type Database, instanceStore } from '@overdue/database';
import type { InstanceStore, Logger } from '@overdue/observability';
import {
  ANOTHER_RELEASE,
  type Changes,
  CheckCache,
  COALESCED_GRACE_MS,
  forgetFormer,
  type Hearing,
  journalPatience,
  keepReceived,
  loadByCode,
  loadBySlug,
  lookUpPatience,
  openSpoolDirectory,
  PatientPool,
  PingIntake,
  PingWriter,
  RateLimit,
  Replay,
  readReceived,
  type SpoolDirectory,
  Throttle,
  takeOver,
  VOUCH_CHANNEL,
  Watermark,
} from '@overdue/pings';
import { SPOOLED_PINGS, SPOOLING_SINCE, succeed, type Vouching } from '@overdue/pings/vouching';
import type { MeasuredState, Metrics } from './metrics.ts';
import { OTHERS_WITHIN_MS, OtherIngesters } from './other-ingesters.ts';
import { CheckProvisioner } from './provision.ts';
import { reportsTo } from './reports.ts';

export type PipelineConfig = Pick<
  Config,
  | 'PING_THROTTLE_SECONDS'
  | 'PING_RATE_LIMIT'
  | 'PING_DB_TIMEOUT_MS'
  | 'SPOOL_DIR'
  | 'SPOOL_MAX_BYTES'
  | 'AMNESTY_MIN_GAP_SECONDS'
>;

export interface PipelineOptions {
  readonly config: PipelineConfig;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly metrics: (state: () => MeasuredState) => Metrics;
  /** Opens a pool of up to `max` connections; `lockTimeout` in milliseconds, 0: none. */
  readonly open: (applicationName: string, max: number, lockTimeout: number) => Database;
  /** This process's row in `instances`. */
  readonly instanceId: string;
  /** Who tells {@link Pipeline.changes}; left out: nobody (the simulation). */
  readonly hearing?: Hearing;
  /** Connections that write; default 1: larger batches cost less than waiting for one another. */
  readonly lanes?: number;
  /** Checks remembered; default: see CheckCache. */
  readonly cachedChecks?: number;
  /** The simulation: milliseconds from a beat that is written to the next that says nothing new. Default 0. */
  readonly spacing?: () => Milliseconds;
  /** The simulation: milliseconds between two looks for other ingesters. */
  readonly lookEvery?: () => Milliseconds;
}

/** Everything behind the listeners, put together. */
export interface Pipeline {
  readonly intake: PingIntake;
  /** For whoever hears of changes that others make. */
  readonly changes: Changes;
  readonly pool: PatientPool;
  readonly metrics: Metrics;
  /**
   * Where its signs of life go; given up in time when the database is silent. Stopping with pings that are not in the
   * database leaves the row as it is: others wait for them until the next process on this directory has taken over, or
   * until the row has stood still for long.
   */
  readonly instances: InstanceStore;
  /** A ping that may be one of an existing check was answered 503. */
  refused(): void;
  /** Before the listeners are open: brings in what an earlier process left; what comes from now on comes after it. */
  recover(): void;
  /** The listeners are open: vouches for what comes from now on. */
  start(): void;
  /** What is wrong, in words; empty: ready. */
  problems(): string[];
  /** Nothing comes any more: writes what is in hand and coalesced, and says so. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

const MAX_PENDING = 50_000;
export const MAX_PENDING_BYTES = 128 << 20;
const BEAT_MS = 1000;

/**
 * Takes the spool directory and puts together intake, throttle, writer, spool, replay and watermark. No listener here:
 * ingester.ts has them, and the simulation (test/sim) does without.
 * @throws SpoolLockedError, or the disk's error
 */
export async function openPipeline(options: PipelineOptions): Promise<Pipeline> {
  const { config, clock, logger, open, instanceId } = options;
  const timeoutMs = config.PING_DB_TIMEOUT_MS;
  const windowMs = Math.min(config.PING_THROTTLE_SECONDS * 1000, COALESCED_GRACE_MS);
  const openLane = () => open('overdue ingester batch', 1, timeoutMs);
  const pool = new PatientPool({
    clock,
    timeoutMs: lookUpPatience(timeoutMs),
    open: () => open('overdue ingester', 4, timeoutMs),
  });

  const damaged = { bytes: 0, pings: 0 };
  let lostBefore = false;
  let lost = () => {
    lostBefore = true;
  };
  const directory = await openSpoolDirectory({
    directory: config.SPOOL_DIR,
    maxBytes: config.SPOOL_MAX_BYTES,
    clock,
    patienceMs: journalPatience(timeoutMs),
    onDamage(damage) {
      damaged.bytes += damage.bytes;
      damaged.pings += damage.pings ?? 0;
      if (damage.pings !== 0) lost();
      const isForeign = damage.cause === ANOTHER_RELEASE;
      if (isForeign) logger.error(damage, 'A file of the spool was written by another release, and is left for that');
      else logger.error(damage, 'A part of the spool cannot be read and was set aside');
    },
  });
  const { spool, journal } = directory;
  let former = await takeOver(config.SPOOL_DIR, instanceId).catch((): readonly string[] => []);
  const metrics = options.metrics(() => ({
    pending: () => intake.pending,
    pendingBytes: () => intake.pendingBytes,
    cacheSize: () => cache.size,
    cacheHits: () => cache.hits,
    cacheMisses: () => cache.misses,
    spooling: () => writer.mode !== 'live',
    spoolBytes: () => spool.bytes,
    spoolPings: () => spool.pings,
    spoolAge: () => (clock.now() - (spool.oldest() ?? clock.now())) / 1000,
    coalescedPings: () => throttle.pings,
    throttled: () => throttle.coalesced,
    damagedBytes: () => damaged.bytes,
    damagedPings: () => damaged.pings,
  }));

  const cache = new CheckCache({
    clock,
    ...(options.cachedChecks ? { max: options.cachedChecks } : {}),
    loaders: {
      byCode: (codes) => pool.run(({ sql }) => loadByCode(sql, codes)),
      bySlug: (addresses) => pool.run(({ sql }) => loadBySlug(sql, addresses)),
    },
  });
  const making = new PatientPool({
    clock,
    timeoutMs,
    open: () => open('overdue ingester create', 2, timeoutMs),
  });
  const provisioner = new CheckProvisioner({ clock, pool, making });
  const others = new OtherIngesters({ clock, pool, instanceId, lookEvery: options.lookEvery });
  const vouching: Vouching = {
    instanceId,
    minGap: config.AMNESTY_MIN_GAP_SECONDS * 1000,
    covered: () => watermark.covered(),
    isDead: (ingester) => others.isDead(ingester),
  };
  const reports = reportsTo(metrics, logger);
  const writer = new PingWriter({
    clock,
    open: openLane,
    lanes: Array.from({ length: options.lanes ?? 1 }, () => randomUUID()),
    timeoutMs,
    overflow: spool,
    vouching,
    announceWithinMs: () => (others.any ? Math.max(windowMs, OTHERS_WITHIN_MS) : 0),
    events: {
      ...reports.writer,
      committed(applied, pings, milliseconds) {
        reports.writer.committed(applied, pings, milliseconds);
        if (windowMs > 0) throttle.committed(applied.checks);
      },
      refused(pings) {
        if (pings > 0) watermark.refused();
      },
      stranded: (batch) => replay.strand(batch),
    },
  });
  const throttle = new Throttle({ clock, windowMs, journal, submit: (submission) => writer.submit(submission) });
  const intake = new PingIntake({
    clock,
    cache,
    writer,
    throttle: windowMs > 0 ? throttle : null,
    hearing: options.hearing ?? null,
    provisioner,
    rateLimit: config.PING_RATE_LIMIT > 0 ? new RateLimit(clock, config.PING_RATE_LIMIT) : null,
    timeoutMs,
    maxPending: MAX_PENDING,
    maxPendingBytes: MAX_PENDING_BYTES,
  });
  const replay = new Replay({
    clock,
    spool,
    writer,
    cache,
    provisioner,
    open: () => open('overdue ingester replay', 1, 0),
    timeoutMs,
    stranded: directory.stranded,
    vouching,
    events: {
      ...reports.replay,
      waits() {
        void watermark.beat();
        pool.run(({ sql }) => sql.notify(VOUCH_CHANNEL, '')).catch(() => {});
      },
    },
  });
  /** When the oldest ping was received that is accepted and not committed. */
  const oldestHeld = () =>
    earliest(intake.oldest(), spool.oldest(), replay.oldestStranded(), throttle.oldest(COALESCED_GRACE_MS));
  const watermark = new Watermark({
    clock,
    instanceId,
    run: (use) => pool.run(({ sql }) => use(sql)),
    ...(options.spacing ? { spacing: options.spacing } : {}),
    before: readReceived(config.SPOOL_DIR),
    keep: (stretches) => keepReceived(config.SPOOL_DIR, stretches),
    unanswered: () => intake.oldest(),
    oldest: oldestHeld,
  });
  lost = () => watermark.lost();
  if (lostBefore) lost();
  /** Our former lives on this directory are dead: once we vouch for what they left, nobody has to find that out. */
  const beat = async () => {
    await watermark.beat();
    if (former.length === 0) return;
    const done = await pool.run(({ sql }) => succeed(sql, instanceId, former)).catch(() => false);
    if (!done) return;
    former = [];
    await forgetFormer(config.SPOOL_DIR, instanceId).catch(() => {});
  };
  /** After draining: whether all that was accepted is in the database, and it says until when pings were received. */
  const leavesNothing = async () => {
    // A beat that is under way may have begun before the last ping was stored; then the next one says it.
    for (let beats = 0; beats < 2 && watermark.owesWords; beats++) await watermark.beat();
    return !watermark.owesWords && spool.empty && oldestHeld() === null;
  };
  /** Should these be its last words, nobody goes on without it soon: see IngesterWatch. */
  const held = () =>
    writer.mode === 'live' ? {} : { [SPOOLING_SINCE]: oldestHeld() ?? clock.now(), [SPOOLED_PINGS]: spool.pings };
  const instances: InstanceStore = {
    register: (instance) => pool.run(({ sql }) => instanceStore(sql).register(instance)),
    beat: (id, info) => pool.run(({ sql }) => instanceStore(sql).beat(id, { ...info, ...held() })),
    async stop(id) {
      if (await leavesNothing()) return pool.run(({ sql }) => instanceStore(sql).stop(id));
      const { pings } = spool;
      logger.warn({ pings }, 'Pings are left that are not in the database; start again soon on this SPOOL_DIR');
      // From now on it stands still.
      await pool.run(({ sql }) => instanceStore(sql).beat(id, held()));
    },
  };
  const stopping = new AbortController();
  let beating: Timer | undefined;
  return {
    intake,
    pool,
    metrics,
    instances,
    changes: {
      reset() {
        cache.clear();
        provisioner.forget();
        throttle.endAll();
      },
      check(code) {
        const id = cache.changed(code);
        // There may be room for another.
        provisioner.forget();
        if (id !== undefined) throttle.end(id);
      },
      project() {
        cache.forgetSlugs();
        provisioner.forget();
      },
      asked: () => void watermark.beat(),
      pinged(ids) {
        if (ids) for (const id of ids) throttle.end(id);
        else throttle.endAll();
      },
    },
    refused: () => watermark.refused(),
    recover() {
      if (spool.pings > 0) {
        const { pings, bytes } = spool;
        logger.info({ pings, bytes }, 'The spool holds pings from before; they are applied first');
      }
      replay.start();
      void recover(directory, throttle, replay, clock, stopping.signal);
    },
    start() {
      watermark.listening();
      void beat();
      beating = clock.every(BEAT_MS, () => {
        void beat();
        others.look();
      });
    },
    problems() {
      if (writer.mode === 'live' || !spool.full) return [];
      return ['The database is away and the spool is full.'];
    },
    async drain() {
      watermark.stopped();
      throttle.stop();
      await intake.settled();
      await writer.settled();
      await watermark.beat();
    },
    async close() {
      beating?.cancel();
      // Connections that were open until now may have brought some more.
      await intake.settled();
      await writer.settled();
      stopping.abort();
      await replay.stop();
      await writer.close();
      await directory.close();
      await making.close();
      await pool.close();
    },
  };
}

/** Brings in what an earlier process had coalesced, then lets the old journal go. */
async function recover(
  directory: SpoolDirectory,
  throttle: Throttle,
  replay: Replay,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  await throttle.recover(directory.unclaimed);
  while (replay.oldestStranded() !== null && !signal.aborted) await clock.sleep(BEAT_MS, signal);
  if (!signal.aborted) await directory.recovered();
}

function earliest(...instants: (number | null)[]): number | null {
  const some = instants.filter((instant) => instant !== null);
  return some.length === 0 ? null : Math.min(...some);
}
