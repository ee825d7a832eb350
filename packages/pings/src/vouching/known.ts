import type { Covered, Known } from '@overdue/checks';
import type { Instant, Milliseconds } from '@overdue/clock';
import { gapsSince, type ReservedSql } from '@overdue/database';
import type { IngesterRow } from './ingester-watch.ts';
import { impliedGaps, readWorld } from './world.ts';

/** What an ingester knows that the database does not say, for judging the lateness of a check that it holds a ping of. */
export interface Vouching {
  /** Its own row in `instances`. Its own pings of a check are applied in order, so it does not wait for itself. */
  readonly instanceId: string;
  /** AMNESTY_MIN_GAP_SECONDS, in milliseconds. */
  readonly minGap: Milliseconds;
  /** When this process was receiving, as far as it may not be in the table `coverage` yet. */
  covered(): readonly Covered[];
  /** Whether another ingester, whose row is this, is not to be waited for (see IngesterWatch). */
  isDead(ingester: IngesterRow): boolean;
}

/**
 * What is known about the time up to `until`: the recorded gaps and those that the coverage implies (`sendalerts` may
 * have been away, and we have not written ours while the database was), and up to when the other ingesters vouch that
 * they hold no ping. Two statements, in one round trip.
 * @param since gaps that ended before it do not matter
 * @param until when the youngest ping in hand was received
 */
export async function readKnown(
  sql: ReservedSql,
  { instanceId, minGap, covered, isDead }: Vouching,
  since: Instant,
  until: Instant,
): Promise<Known> {
  const [world, recorded] = await Promise.all([readWorld(sql), gapsSince(sql, since)]);
  const coverage = [...world.coverage, ...covered()];
  const others = world.ingesters.filter((row) => row.id !== instanceId && !isDead(row));
  return {
    until: Math.min(...others.map((row) => row.watermark ?? Number.NEGATIVE_INFINITY)),
    gaps: [...recorded, ...impliedGaps({ ...world, coverage }, until, minGap)],
  };
}
