import { type Covered, type Gap, uncovered } from '@overdue/checks';
import type { Instant, Milliseconds } from '@overdue/clock';
import { JUDGED_UNTIL, type Sql, type TransactionSql } from '@overdue/database';
import type { IngesterRow } from './ingester-watch.ts';

/** What the database says about who was receiving when; what lateness is judged by. */
export interface World {
  /** The database's clock. */
  readonly now: Instant;
  readonly ingesters: readonly IngesterRow[];
  /** Up to where lateness has been judged before, by any instance of sendalerts; null: never. */
  readonly judgedUntil: Instant | null;
  /** Covered stretches that reach beyond `judgedUntil` (all, when that is null). */
  readonly coverage: readonly Covered[];
  /** Recorded gaps whose end is not known yet. */
  readonly openGaps: readonly { readonly id: number; readonly from: Instant }[];
}

/** In `instances.info` of an ingester: when the oldest ping was received that it holds and that is not in the database. */
export const SPOOLING_SINCE = 'spooling_since';

/** What the ingesters say of themselves, in one statement. */
export async function readWorld(sql: Sql | TransactionSql): Promise<World> {
  const [row] = await sql<
    {
      now: Instant;
      judgedUntil: number | null;
      ingesters: IngesterRow[] | null;
      coverage: Covered[] | null;
      openGaps: { id: number; from: Instant }[] | null;
    }[]
  >`
    with judged as (select (value ->> 'at')::float8 as at from installation where key = ${JUDGED_UNTIL})
    select clock_timestamp() as now,
      (select at from judged) as "judgedUntil",
      (select jsonb_agg(jsonb_build_object('id', id, 'seenAt', extract(epoch from seen_at) * 1000,
                                           'spooling', info ? ${SPOOLING_SINCE},
                                           'watermark', floor(extract(epoch from watermark) * 1000)))
       from instances where service = 'ingester' and (stopped_at is null or seen_at > stopped_at)) as ingesters,
      (select jsonb_agg(jsonb_build_object('from', floor(extract(epoch from from_at) * 1000),
                                           'until', floor(extract(epoch from until_at) * 1000)))
       from coverage
       where until_at >= coalesce((select to_timestamp(at / 1000) from judged), '-infinity')) as coverage,
      (select jsonb_agg(jsonb_build_object('id', id, 'from', floor(extract(epoch from from_at) * 1000)))
       from gaps where until_at is null) as "openGaps"`;
  return {
    now: row!.now,
    judgedUntil: row!.judgedUntil,
    ingesters: row!.ingesters ?? [],
    coverage: row!.coverage ?? [],
    openGaps: row!.openGaps ?? [],
  };
}

/** Ingesters that have not stopped in order, as {@link World} has them. `recent`: seen in the last `withinMs`. */
export async function readIngesters(
  sql: Sql,
  withinMs: Milliseconds,
): Promise<readonly (IngesterRow & { readonly recent: boolean })[]> {
  return await sql<(IngesterRow & { recent: boolean })[]>`
    select id, (extract(epoch from seen_at) * 1000)::float8 as "seenAt",
           floor(extract(epoch from watermark) * 1000)::float8 as watermark, info ? ${SPOOLING_SINCE} as spooling,
           seen_at > now() - ${withinMs} * interval '1 millisecond' as recent
    from instances where service = 'ingester' and (stopped_at is null or seen_at > stopped_at)`;
}

/**
 * Says that nobody need wait for `former` any more: `instanceId` has taken over what they had accepted, and vouches for it.
 * @returns false when it does not vouch yet, and nothing was done
 */
export async function succeed(sql: Sql, instanceId: string, former: readonly string[]): Promise<boolean> {
  const [row] = await sql<{ vouches: boolean }[]>`
    with successor as (
      select from instances where id = ${instanceId} and watermark is not null
    ), buried as (
      update instances set stopped_at = clock_timestamp()
      where id = any(${former as string[]}::uuid[]) and exists (select from successor)
    )
    select exists (select from successor) as vouches`;
  return row!.vouches;
}

/**
 * Gaps up to `until` that the coverage implies and that need not be recorded yet.
 * @param minGap AMNESTY_MIN_GAP_SECONDS, in milliseconds
 */
export function impliedGaps(
  { judgedUntil, openGaps, coverage }: Pick<World, 'judgedUntil' | 'openGaps' | 'coverage'>,
  until: Instant,
  minGap: Milliseconds,
): Gap[] {
  const from = judgedUntil ?? Math.min(...coverage.map((stretch) => stretch.from));
  // Holes that began before what was judged are whole in the coverage rows only from their beginning on.
  return uncovered(coverage, Math.min(from, ...openGaps.map((gap) => gap.from)), until, minGap);
}
