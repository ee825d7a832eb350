import type { Instant, Milliseconds } from '@overdue/clock';
import type { Sql } from '@overdue/database';
import { DEAD_AFTER, type IngesterRow } from './ingester-watch.ts';
import { SPOOLING_SINCE } from './world.ts';

/*
 * Ingesters that nobody waits for any more, though they have not stopped in order: those that have been found dead, and
 * those that an operator dismisses. Pings that one of them had answered, and that are on its disk only, may be lost with it.
 * That is our outage: from the last instant it vouched for, until when it may have been receiving, there is a gap in which
 * nobody is declared down. The gap and the end of the waiting are one statement, so nothing is judged between them.
 *
 * Who lives after all is undone by the next sign of life (see `readWorld`). Who is started again on the same directory
 * applies what it finds there, each batch once: that is between the spool and `ingest_lanes`, and knows nothing of this.
 */

/** A process as an operator sees it. Times are the database's, but those in `vouchesUntil` and `spoolingSince` its host's. */
export interface ListedInstance {
  readonly id: string;
  readonly service: string;
  readonly host: string;
  readonly pid: number;
  readonly startedAt: Instant;
  readonly seenAt: Instant;
  /** It gave a sign of life a moment ago. */
  readonly alive: boolean;
  /** Of an ingester: what it had accepted before is stored. */
  readonly vouchesUntil: Instant | null;
  /** By its own last words: since when it holds pings that are answered and not stored, and how many at least. */
  readonly spoolingSince: Instant | null;
  readonly spooledPings: number | null;
  readonly dismissedAt: Instant | null;
  readonly dismissedBy: string | null;
}

/** Processes that have not stopped in order, and dismissed ones as long as their rows are kept (a week). */
export async function listInstances(sql: Sql): Promise<readonly ListedInstance[]> {
  return await sql<ListedInstance[]>`
    select i.id, service, i.host, pid, started_at as "startedAt", seen_at as "seenAt", ${isAlive(sql)} as alive,
           watermark as "vouchesUntil", (info ->> ${SPOOLING_SINCE})::float8 as "spoolingSince",
           (info ->> ${SPOOLED_PINGS})::float8 as "spooledPings",
           d.dismissed_at as "dismissedAt", d.dismissed_by as "dismissedBy"
    from instances i
    left join lateral (
      select dismissed_at, dismissed_by from dismissals where instance_id = i.id and dismissed_at >= seen_at
      order by id desc limit 1
    ) d on true
    where stopped_at is null or seen_at > stopped_at or d.dismissed_at is not null
    order by service, started_at`;
}

/** In `instances.info` of an ingester that is spooling: how many pings its spool holds. */
export const SPOOLED_PINGS = 'spooled_pings';

export interface Dismissal {
  readonly instanceId: string;
  readonly host: string;
  readonly dismissedAt: Instant;
  readonly dismissedBy: string;
  /** The gap that was recorded; null: none. */
  readonly lost: { readonly from: Instant; readonly until: Instant } | null;
}

/** Why there was nothing to dismiss. */
export type NotDismissed = 'unknown' | 'not an ingester' | 'alive' | 'not waited for' | 'vouches for more';

/**
 * An operator says that an ingester will not come back.
 * @param dismissal.by who says so, for the record
 * @param dismissal.lostUntil until when it may have been receiving, later than it vouches for; null: until now
 * @param dismissal.nothingLost it held nothing: no gap
 */
export async function dismissIngester(
  sql: Sql,
  dismissal: {
    readonly id: string;
    readonly by: string;
    readonly lostUntil: Instant | null;
    readonly nothingLost: boolean;
  },
): Promise<Dismissal | NotDismissed> {
  const { id, by, lostUntil, nothingLost } = dismissal;
  const [row] = await sql<{ host: string; at: Instant; from: Instant | null; until: Instant | null }[]>`
    with given_up as (
      update instances set stopped_at = clock_timestamp()
      where id = ${id} and service = 'ingester' and ${isWaitedFor(sql)} and not ${isAlive(sql)}
        and (${nothingLost}::boolean or ${lostUntil}::timestamptz is null or ${lostUntil} > coalesce(watermark, started_at))
      returning id, host, coalesce(watermark, started_at) as from_at, stopped_at
    ), lost as (
      select id, from_at, coalesce(${lostUntil}::timestamptz, stopped_at) as until_at from given_up
      where not ${nothingLost}::boolean
    ), recorded as (${recordLost(sql)}), remembered as (
      insert into dismissals (instance_id, host, dismissed_at, dismissed_by, lost_from, lost_until)
      select given_up.id, host, stopped_at, ${by}, lost.from_at, lost.until_at
      from given_up left join lost on lost.until_at > lost.from_at
      returning host, dismissed_at, lost_from, lost_until
    )
    select host, dismissed_at as at, lost_from as "from", lost_until as until from remembered`;
  if (!row) return await whyNot(sql, id);
  const { host, at, from, until } = row;
  const lost = from === null || until === null ? null : { from, until };
  return { instanceId: id, host, dismissedAt: at, dismissedBy: by, lost };
}

/**
 * An ingester was found dead: nobody waits for its watermark again, also not a process that has just started.
 * @param ingester its row as it was when it was found dead; one that has moved since lives
 * @param lostUntil it may have held pings that it had answered, and have received such until then; null: it held none
 * @returns whether a gap was recorded
 */
export async function bury(sql: Sql, ingester: IngesterRow, lostUntil: Instant | null): Promise<boolean> {
  const gaps = await sql`
    with given_up as (
      update instances set stopped_at = clock_timestamp()
      where id = ${ingester.id} and abs(extract(epoch from seen_at) * 1000 - ${ingester.seenAt}::float8) < 0.01
        and ${isWaitedFor(sql)}
      returning id, coalesce(watermark, started_at) as from_at
    ), lost as (
      select id, from_at, ${lostUntil}::timestamptz as until_at from given_up
    )
    ${recordLost(sql)} returning id`;
  return gaps.length > 0;
}

/** Who dismissed these ingesters, of those that somebody did. `lost`: with a gap. */
export async function dismissalsOf(
  sql: Sql,
  ids: readonly string[],
): Promise<{ id: string; by: string; at: Instant; lost: boolean }[]> {
  return await sql<{ id: string; by: string; at: Instant; lost: boolean }[]>`
    select instance_id as id, dismissed_by as by, dismissed_at as at, lost_until is not null as lost from dismissals
    where instance_id = any(${ids as string[]}::uuid[]) order by id`;
}

/**
 * Records gaps from rows `lost` (id: of the ingester, from_at, until_at).
 * A gap that goes on (nobody is receiving) may be taken back, and this one not: so it begins a microsecond after such a one.
 * Instants are whole milliseconds: read, it begins with it.
 */
export function recordLost(sql: Sql) {
  return sql`
    insert into gaps (from_at, until_at, instance_id)
    select from_at + case when exists (select from gaps g where g.from_at = lost.from_at and g.until_at is null)
                          then interval '1 microsecond' else '0' end, until_at, id
    from lost where until_at > from_at
    on conflict (from_at) do update
    set until_at = case when gaps.until_at is null then null else greatest(gaps.until_at, excluded.until_at) end`;
}

function isWaitedFor(sql: Sql) {
  return sql`(stopped_at is null or seen_at > stopped_at)`;
}

/** Both times are the database's. A living one that could not reach it for a while says so with its next sign of life. */
function isAlive(sql: Sql) {
  return sql`(${isWaitedFor(sql)} and seen_at > clock_timestamp() - ${ALIVE} * interval '1 millisecond')`;
}

const ALIVE: Milliseconds = DEAD_AFTER / 2;

async function whyNot(sql: Sql, id: string): Promise<NotDismissed> {
  const [row] = await sql<{ service: string; alive: boolean; waitedFor: boolean }[]>`
    select service, ${isAlive(sql)} as alive, ${isWaitedFor(sql)} as "waitedFor" from instances where id = ${id}`;
  if (!row) return 'unknown';
  if (row.service !== 'ingester') return 'not an ingester';
  if (row.alive) return 'alive';
  return row.waitedFor ? 'vouches for more' : 'not waited for';
}
