import type { Sql, TransactionSql } from './connect.ts';
import type { Instant } from './generated/tables.ts';

/** Key of `installation`: up to where lateness has been judged, `{"at": <epoch milliseconds>}`. */
export const JUDGED_UNTIL = 'judged_until';

/**
 * Recorded gaps (stretches without any ingester) that ended after `since`, oldest first; those that were taken back are
 * not among them.
 * @param openUntil a gap that goes on counts up to there; null: it does not count
 */
export async function gapsSince(
  sql: Sql | TransactionSql,
  since: Instant,
  openUntil: Instant | null = null,
): Promise<{ readonly from: Instant; readonly until: Instant }[]> {
  return await sql<{ from: Instant; until: Instant }[]>`
    select from_at as "from", coalesce(until_at, ${openUntil}::timestamptz) as until from gaps
    where coalesce(until_at, ${openUntil}::timestamptz) > greatest(from_at, ${since}::timestamptz)
    order by from_at`;
}
