import type { Instant } from '@overdue/schedules';
import type { PingKind } from './check.ts';

/*
 * How long the run took that a listed ping ended (ping-api.md §8): the time since the nearest earlier start, success or
 * fail of the same run id, if that is a start. The start may lie beyond the listed page; then it has to be looked up,
 * which is why there are misses, and so that a list costs a bounded number of look-ups, a limit on them.
 */

/** P-46: a start this long ago, or longer, is not believed to belong to the ping. */
export const MAX_RUN_MS = 72 * 3600 * 1000;

/** P-48: with more misses than this, no durations are shown at all. */
export const MAX_MISSES = 10;

/** What is needed of a row of the table `pings`. */
export interface PingFacts {
  readonly n: number;
  readonly kind: PingKind;
  readonly rid: string | null;
  readonly created_at: Instant;
}

/**
 * The listed pings whose start, if any, is older than the page: for each, the caller looks up the newest start, success
 * or fail with the same `rid` and a smaller `n` than the page's smallest. Null when there are too many (P-48): then the
 * page has no durations.
 * @param page pings of one check, newest first, without holes
 */
export function missedStarts<P extends PingFacts>(page: readonly P[]): P[] | null {
  const oldest = page.at(-1);
  if (oldest === undefined) return [];
  const seen = new Set<string | null>();
  const misses: P[] = [];
  for (let i = page.length - 1; i >= 0; i--) {
    const ping = page[i]!;
    if (!bounds(ping) || seen.has(ping.rid)) continue;
    seen.add(ping.rid);
    if (ping.kind !== 'start' && ping.created_at - oldest.created_at < MAX_RUN_MS) misses.push(ping);
  }
  return misses.length > MAX_MISSES ? null : misses;
}

/**
 * Durations in milliseconds by ping number `n`; pings without one are absent. Empty when `missedStarts` is null.
 * @param page pings of one check, newest first, without holes
 * @param beyond what was found for the misses: older pings, any order
 */
export function pingDurations(page: readonly PingFacts[], beyond: Iterable<PingFacts> = []): Map<number, number> {
  const durations = new Map<number, number>();
  if (missedStarts(page) === null) return durations;
  // The newest start, success or fail of each run id so far, going from old to new.
  const latest = new Map<string | null, PingFacts>();
  for (const ping of [...beyond].sort((a, b) => a.n - b.n)) if (bounds(ping)) latest.set(ping.rid, ping);
  for (let i = page.length - 1; i >= 0; i--) {
    const ping = page[i]!;
    if (!bounds(ping)) continue;
    const before = latest.get(ping.rid);
    const endsRun = ping.kind !== 'start' && before?.kind === 'start';
    const duration = endsRun ? ping.created_at - before.created_at : 0;
    // Applied out of order (apply-ping.ts): the start is the younger one, so its run is not this ping's to end.
    if (duration < 0) continue;
    latest.set(ping.rid, ping);
    if (endsRun && duration < MAX_RUN_MS) durations.set(ping.n, duration);
  }
  return durations;
}

/** Whether the ping begins or ends a run. */
function bounds({ kind }: PingFacts): boolean {
  return kind === 'start' || kind === 'success' || kind === 'fail';
}
