import { missedStarts, type PingFacts, pingDurations } from '@overdue/checks';
import type { Sql } from '@overdue/database';
import type { CheckRow } from '@overdue/operations';
import { type GapEvent, listGaps } from './gaps.ts';

/*
 * What happened to a check: pings, status changes, alerts, newest first.
 */

export interface PingEvent extends PingFacts {
  readonly type: 'ping';
  readonly at: number;
  readonly scheme: string;
  readonly method: string;
  readonly remote_addr: string | null;
  readonly ua: string;
  readonly exit_status: number | null;
  /** The first bytes of the body as text; null: it had none. */
  readonly start_of_body: string | null;
  /** Milliseconds; null: not known. */
  readonly duration: number | null;
}

export interface FlipEvent {
  readonly type: 'flip';
  readonly at: number;
  readonly id: number;
  readonly old_status: string;
  readonly new_status: string;
  readonly reason: '' | 'timeout' | 'fail';
}

export interface AlertEvent {
  readonly type: 'alert';
  readonly at: number;
  readonly id: number;
  readonly check_status: string;
  readonly state: 'owed' | 'sent' | 'failed' | 'dropped';
  readonly attempts: number;
  readonly error: string;
  readonly channel_kind: string;
  readonly channel_name: string;
  readonly channel_value: unknown;
}

export type CheckEvent = PingEvent | FlipEvent | AlertEvent | GapEvent;

export interface EventFilter {
  /** Only these kinds of pings. */
  readonly pings: readonly PingFacts['kind'][];
  readonly flips: boolean;
  readonly alerts: boolean;
  /** Our own outages. */
  readonly gaps: boolean;
  /** Epoch milliseconds: only what is not newer. */
  readonly until?: number;
  readonly limit: number;
}

const BODY_PREVIEW_BYTES = 150;

/** At most `limit` of each sort are read, and at most `limit` in all returned. */
export async function listEvents(sql: Sql, check: CheckRow, filter: EventFilter): Promise<CheckEvent[]> {
  const { until = Number.POSITIVE_INFINITY, limit } = filter;
  const [pings, flips, alerts, gaps] = await Promise.all([
    filter.pings.length > 0 ? listPings(sql, check.id, filter) : [],
    filter.flips
      ? sql<FlipEvent[]>`
          select 'flip' as type, created_at as at, id, old_status, new_status, reason from flips
          where check_id = ${check.id} and created_at <= ${until} order by created_at desc, id desc limit ${limit}`
      : [],
    filter.alerts
      ? sql<AlertEvent[]>`
          select 'alert' as type, coalesce(n.finished_at, n.created_at) as at, n.id, n.check_status, n.state, n.attempts,
                 n.error, c.kind as channel_kind, c.name as channel_name, c.value as channel_value
          from notifications n join channels c on c.id = n.channel_id
          where n.check_id = ${check.id} and n.created_at <= ${until} order by n.created_at desc limit ${limit}`
      : [],
    filter.gaps ? listGaps(sql, check, until, limit) : [],
  ]);
  return [...pings, ...flips, ...alerts, ...gaps].sort(newestFirst).slice(0, limit);
}

/** At one instant, what a change caused stands above it: alert, status change, ping. */
const RANK = { alert: 0, flip: 1, gap: 2, ping: 3 } as const;

function newestFirst(a: CheckEvent, b: CheckEvent): number {
  if (a.at !== b.at) return b.at - a.at;
  if (a.type !== b.type) return RANK[a.type] - RANK[b.type];
  return a.type === 'ping' && b.type === 'ping' ? b.n - a.n : 0;
}

async function listPings(sql: Sql, checkId: number, filter: EventFilter): Promise<PingEvent[]> {
  // All kinds are read: the durations need a page without holes.
  const page = await sql<(Omit<PingEvent, 'start_of_body'> & { start_of_body: Buffer | null })[]>`
    select 'ping' as type, created_at as at, n, kind, rid, created_at, scheme, method, remote_addr, ua, exit_status,
           substring(body from 1 for ${BODY_PREVIEW_BYTES}) as start_of_body
    from pings where check_id = ${checkId} and created_at <= ${filter.until ?? Number.POSITIVE_INFINITY}
    order by n desc limit ${filter.limit}`;
  const durations = pingDurations(page, await olderStarts(sql, checkId, page));
  return page
    .filter((ping) => filter.pings.includes(ping.kind))
    .map((ping) => ({
      ...ping,
      start_of_body: ping.start_of_body?.toString('utf8') ?? null,
      duration: durations.get(ping.n) ?? null,
    }));
}

/** The starts of runs that began before the page. */
async function olderStarts(sql: Sql, checkId: number, page: readonly PingFacts[]): Promise<PingFacts[]> {
  const misses = missedStarts(page);
  if (!misses || misses.length === 0) return [];
  const oldest = page.at(-1)!.n;
  const found = await Promise.all(
    misses.map(
      ({ rid }) => sql<PingFacts[]>`
        select n, kind, rid, created_at from pings
        where check_id = ${checkId} and n < ${oldest} and kind in ('start', 'success', 'fail')
          and rid is not distinct from ${rid}
        order by n desc limit 1`,
    ),
  );
  return found.flat();
}

/** One ping with its whole body. */
export interface PingDetails extends Omit<PingEvent, 'start_of_body' | 'type'> {
  readonly id: string;
  readonly body: Buffer | null;
}

/** @param n its number within the check; null: it is not in the log any more */
export async function findPing(sql: Sql, checkId: number, n: number): Promise<PingDetails | null> {
  const [ping] = await sql<PingDetails[]>`
    select id, created_at as at, created_at, n, kind, rid, scheme, method, remote_addr, ua, exit_status, body
    from pings where check_id = ${checkId} and n = ${n}`;
  if (!ping) return null;
  const durations = pingDurations([ping], await olderStarts(sql, checkId, [ping]));
  return { ...ping, duration: durations.get(n) ?? null };
}
