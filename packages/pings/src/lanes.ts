import type { Fragment, ReservedSql } from '@overdue/database';
import { numbers, words } from './arrays.ts';

/** Exactly-once: see `ingest_lanes`. */
export interface BatchNumber {
  /** A UUID of the process's making; batches of a lane are applied in the order of their numbers. */
  readonly lane: string;
  readonly batch: number;
}

/** Batches of a lane that are applied together: numbers `first` to `batch`. */
export interface BatchRange extends BatchNumber {
  readonly first: number;
}

/**
 * Another statement must follow at once: the answer comes with that one's.
 * @returns a row for each lane that was advanced; one that is at `first` or further is left alone
 */
export function advanceLanes(sql: ReservedSql, ranges: readonly BatchRange[]) {
  return sql`${advancing(sql, ranges)}`.unsynced().execute();
}

/** As {@link advanceLanes}, but fails (serialization_failure) unless all are advanced. */
export function advanceAllLanes(sql: ReservedSql, ranges: readonly BatchRange[]) {
  return sql`with advanced as (${advancing(sql, ranges)}) select all_found(count(*), ${ranges.length}) from advanced`
    .unsynced()
    .execute();
}

function advancing(sql: ReservedSql, ranges: readonly BatchRange[]): Fragment {
  return sql`
    with new as (
      select * from unnest(
        ${words(ranges.map((r) => r.lane))}::uuid[], ${numbers(ranges.map((r) => r.first))}::bigint[],
        ${numbers(ranges.map((r) => r.batch))}::bigint[]
      ) n(lane, first, batch) order by lane
    )
    insert into ingest_lanes as l (lane, batch) select lane, batch from new
    on conflict (lane) do update set batch = excluded.batch, updated_at = now()
      where l.batch < (select first from new where new.lane = l.lane)
    returning batch`;
}

/** The number of the newest batch of each lane that is committed. */
export async function lanePositions(sql: ReservedSql, lanes: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const rows = await sql<BatchNumber[]>`select lane, batch from ingest_lanes where lane = any(${words(lanes)}::uuid[])`;
  return new Map(rows.map((row) => [row.lane, row.batch]));
}
