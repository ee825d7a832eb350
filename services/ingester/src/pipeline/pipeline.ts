import type { Clock, Timer } from '@overdue/clock';
import type { InstanceStore } from '@overdue/observability';
import {
  type Changes,
  journalPatience,
  openSpoolDirectory,
  type PatientPool,
  type PingIntake,
  type Replay,
  type SpoolDirectory,
  type Throttle,
} from '@overdue/pings';
import type { Metrics } from '../metrics.ts';
import { changesTo } from './changes.ts';
import { DamageLog } from './damage.ts';
import { openLookUps } from './look-ups.ts';
import { measuredState } from './measured-state.ts';
import type { PipelineOptions } from './options.ts';
import { OtherIngesters } from './other-ingesters.ts';
import { ownRow } from './own-row.ts';
import { reportsTo } from './reports.ts';
import { connectStages } from './stages.ts';
import { Succession } from './succession.ts';

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

const BEAT_MS = 1000;

/**
 * Takes the spool directory and puts together all that a ping passes through. No listener here: ingester.ts has them,
 * and the simulation (test/sim) does without.
 * @throws SpoolLockedError, or the disk's error
 */
export async function openPipeline(options: PipelineOptions): Promise<Pipeline> {
  const { config, clock, logger, instanceId } = options;
  const damage = new DamageLog(logger);
  const directory = await openSpoolDirectory({
    directory: config.SPOOL_DIR,
    maxBytes: config.SPOOL_MAX_BYTES,
    clock,
    patienceMs: journalPatience(config.PING_DB_TIMEOUT_MS),
    onDamage: (found) => damage.add(found),
  });
  const succession = await Succession.begin(config.SPOOL_DIR, instanceId);
  const metrics = options.metrics(() => measuredState({ clock, stages, lookUps, directory, damage }));
  const lookUps = openLookUps(options);
  const { pool } = lookUps;
  const others = new OtherIngesters({
    clock,
    pool,
    instanceId,
    lookEvery: options.lookEvery,
    // What they wrote is not what is remembered.
    alone: () => lookUps.memory.clear(),
  });
  const reports = reportsTo(metrics, logger);
  const stages = connectStages(options, { directory, lookUps, others, reports });
  const { intake, throttle, writer, replay, watermark } = stages;
  const { spool } = directory;
  damage.whenLost(() => watermark.lost());

  const beat = async () => {
    await watermark.beat();
    await succession.complete(pool);
  };
  const stopping = new AbortController();
  let beating: Timer | undefined;
  return {
    intake,
    pool,
    metrics,
    instances: ownRow({ clock, logger, pool, stages, spool }),
    changes: changesTo(lookUps, stages),
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
      if (writer.mode === 'live' || spool.trouble === null) return [];
      return [`The database is away and the spool ${spool.trouble}.`];
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
      await lookUps.close();
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
