import { randomUUID } from 'node:crypto';
import type { Instant } from '@overdue/clock';
import {
  COALESCED_GRACE_MS,
  keepReceived,
  PingIntake,
  PingWriter,
  RateLimit,
  Replay,
  readReceived,
  type SpoolDirectory,
  Throttle,
  VOUCH_CHANNEL,
  Watermark,
} from '@overdue/pings';
import type { Vouching } from '@overdue/pings/vouching';
import type { LookUps } from './look-ups.ts';
import type { PipelineOptions } from './options.ts';
import { OTHERS_WITHIN_MS, type OtherIngesters } from './other-ingesters.ts';
import type { Reports } from './reports.ts';

/*
 *   intake ──> throttle ──> writer ──> PostgreSQL
 *                              └─ away ──> spool ──> replay ──> PostgreSQL
 *
 * They know one another: the writer tells the throttle what it has committed and the replay what it could not finish,
 * the watermark asks all of them for the oldest ping that they hold.
 */

/** Through which a ping passes, and the watermark, which says what is through. */
export interface Stages {
  readonly intake: PingIntake;
  readonly throttle: Throttle;
  readonly writer: PingWriter;
  readonly replay: Replay;
  readonly watermark: Watermark;
  /** When the oldest ping was received that is accepted and not committed; null: there is none. */
  oldestHeld(): Instant | null;
}

/** With what they work. */
export interface Surroundings {
  readonly directory: SpoolDirectory;
  readonly lookUps: LookUps;
  readonly others: OtherIngesters;
  readonly reports: Reports;
}

const MAX_PENDING = 50_000;
export const MAX_PENDING_BYTES = 128 << 20;

/** Puts them together; nothing runs yet. */
export function connectStages(options: PipelineOptions, surroundings: Surroundings): Stages {
  const { config, clock, open, instanceId } = options;
  const { directory, lookUps, others, reports } = surroundings;
  const { spool, journal } = directory;
  const { pool, cache, memory, provisioner } = lookUps;
  const timeoutMs = config.PING_DB_TIMEOUT_MS;
  const windowMs = Math.min(config.PING_THROTTLE_SECONDS * 1000, COALESCED_GRACE_MS);
  const vouching: Vouching = {
    instanceId,
    minGap: config.AMNESTY_MIN_GAP_SECONDS * 1000,
    covered: () => watermark.covered(),
    isDead: (ingester) => others.isDead(ingester),
  };
  const writer = new PingWriter({
    clock,
    open: () => open('overdue ingester batch', 1, timeoutMs),
    lanes: Array.from({ length: options.lanes ?? 1 }, () => randomUUID()),
    timeoutMs,
    overflow: spool,
    vouching,
    memory,
    announceWithinMs: () => (others.any ? Math.max(windowMs, OTHERS_WITHIN_MS) : 0),
    events: {
      ...reports.writer,
      back() {
        // What was replayed meanwhile is not what is remembered.
        memory.clear();
        reports.writer.back();
      },
      committed(applied, pings, milliseconds) {
        reports.writer.committed(applied, pings, milliseconds);
        if (windowMs > 0) throttle.committed(applied.checks);
      },
      refused(pings, error) {
        if (pings === 0) return;
        watermark.refused();
        reports.writer.refused(pings, error);
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
  return { intake, throttle, writer, replay, watermark, oldestHeld };
}

function earliest(...instants: (Instant | null)[]): Instant | null {
  const some = instants.filter((instant) => instant !== null);
  return some.length === 0 ? null : Math.min(...some);
}
