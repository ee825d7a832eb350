import type { Gap, Known } from '@overdue/checks';
import { gapsSince, type Instant, JUDGED_UNTIL, type TransactionSql } from '@overdue/database';
import type { CheckRow } from './row.ts';

/*
 * Our outage is never your alert, also not when somebody edits a check during its amnesty (docs/alerting.md).
 */

type Facts = Pick<CheckRow, 'last_ping' | 'last_start'>;

/** Gaps that may have swallowed a ping of `check`. `openUntil`: see gapsSince. */
export async function gapsOf(
  sql: TransactionSql,
  { last_ping, last_start }: Facts,
  openUntil: Instant | null = null,
): Promise<readonly Gap[]> {
  const since = [last_ping, last_start].filter((at) => at !== null);
  return since.length === 0 ? [] : await gapsSince(sql, Math.min(...since), openUntil);
}

/**
 * What is known about the time up to `now`: pings that came after `until` may not be stored yet. Where `sendalerts` never
 * ran, all is taken to be known.
 */
export async function knownOf(sql: TransactionSql, check: Facts, now: Instant): Promise<Known> {
  // In this order: gaps are recorded before it is said that all is judged up to there.
  const [judged] = await sql<{ at: number | null }[]>`
    select (value ->> 'at')::float8 as at from installation where key = ${JUDGED_UNTIL}`;
  const gaps = await gapsOf(sql, check, now);
  return { until: Math.min(now, judged?.at ?? now), gaps };
}
