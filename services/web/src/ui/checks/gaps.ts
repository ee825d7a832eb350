import { BrokenScheduleError, explainLateness } from '@overdue/checks';
import type { Sql } from '@overdue/database';
import type { CheckRow } from '@overdue/operations';

/**
 * A stretch in which no ingester was receiving: our outage, of those that excuse the check. It shows where it ended, or
 * now while it goes on.
 */
export interface GapEvent {
  readonly type: 'gap';
  readonly at: number;
  readonly id: number;
  readonly from_at: number;
  readonly until_at: number | null;
}

/** A gap, and what the check's log says of the time before it. */
interface Candidate extends GapEvent {
  readonly last_ping: number | null;
  readonly last_kind: 'success' | 'fail' | null;
  readonly last_start: number | null;
}

/**
 * Our outages that excuse the check: those that touch the window of a ping that it awaited, or of a run, by its schedule
 * as it is now and as far as its log goes back. Newest first; `until` and `limit` as in EventFilter.
 */
export async function listGaps(sql: Sql, check: CheckRow, until: number, limit: number): Promise<GapEvent[]> {
  const candidates = await sql<Candidate[]>`
    select 'gap' as type, coalesce(g.until_at, now()) as at, g.id, g.from_at, g.until_at,
           done.created_at as last_ping, done.kind as last_kind, begun.created_at as last_start
    from gaps g
    left join lateral (
      select created_at, kind from pings
      where check_id = ${check.id} and kind in ('success', 'fail') and created_at <= g.from_at
      order by created_at desc, n desc limit 1
    ) done on true
    left join lateral (
      select created_at from pings
      where check_id = ${check.id} and kind = 'start' and created_at <= g.from_at
        and created_at >= coalesce(done.created_at, '-infinity')
      order by created_at desc, n desc limit 1
    ) begun on true
    where (g.until_at is null or g.until_at > g.from_at)
      and coalesce(g.until_at, now()) between ${check.created_at} and ${until}
    order by g.from_at desc limit ${limit}`;
  return candidates.filter((candidate) => excuses(check, candidate)).map(event);
}

function excuses(check: CheckRow, { from_at, at, last_ping, last_kind, last_start }: Candidate): boolean {
  const status = last_kind === null ? 'new' : last_kind === 'success' ? 'up' : 'down';
  try {
    return (
      explainLateness({ ...check, status, last_ping, last_start }, [{ from: from_at, until: at }]).held !== undefined
    );
  } catch (error) {
    if (error instanceof BrokenScheduleError) return false;
    throw error;
  }
}

function event({ type, at, id, from_at, until_at }: Candidate): GapEvent {
  return { type, at, id, from_at, until_at };
}
