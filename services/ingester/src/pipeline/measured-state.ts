import type { Clock } from '@overdue/clock';
import type { SpoolDirectory } from '@overdue/pings';
import type { MeasuredState } from '../metrics.ts';
import type { DamageLog } from './damage.ts';
import type { LookUps } from './look-ups.ts';
import type { Stages } from './stages.ts';

/** What the gauges show, read when they are asked for. */
export function measuredState(measured: {
  readonly clock: Clock;
  readonly stages: Stages;
  readonly lookUps: LookUps;
  readonly directory: SpoolDirectory;
  readonly damage: DamageLog;
}): MeasuredState {
  const { clock, damage } = measured;
  const { intake, throttle, writer } = measured.stages;
  const { cache } = measured.lookUps;
  const { spool } = measured.directory;
  return {
    pending: () => intake.pending,
    pendingBytes: () => intake.pendingBytes,
    cacheSize: () => cache.size,
    cacheHits: () => cache.hits,
    cacheMisses: () => cache.misses,
    spooling: () => writer.mode !== 'live',
    spoolBytes: () => spool.bytes,
    spoolPings: () => spool.pings,
    spoolAge: () => Math.max(0, clock.now() - (spool.oldest() ?? Number.POSITIVE_INFINITY)) / 1000,
    coalescedPings: () => throttle.pings,
    throttled: () => throttle.coalesced,
    damagedBytes: () => damage.bytes,
    damagedPings: () => damage.pings,
  };
}
