import type { Instant } from '@overdue/clock';
import type { Sql } from '@overdue/database';
import type { Covered } from './coverage.ts';
import type { IngesterRow } from './ingester-watch.ts';

/** What the evaluator knows before it judges. */
export interface World {
  /** The database's clock. */
  readonly now: Instant;
  readonly ingesters: readonly IngesterRow[];
  /** Up to where lateness has been judged before, by any instance; null: never. */
  readonly judgedUntil: Instant | null;
  /** Covered stretches that reach beyond `judgedUntil` (all, when that is null). */
  readonly coverage: readonly Covered[];
  /** Recorded gaps whose end is not known yet. */
  readonly openGaps: readonly { readonly id: number; readonly from: Instant }[];
}

const JUDGED_UNTIL = 'judged_until';

export async function readWorld(sql: Sql): Promise<World> {
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

/** Remembers how far lateness has been judged; never moves back. */
export async function writeJudgedUntil(sql: Sql, at: Instant): Promise<void> {
  await sql`
    insert into installation (key, value) values (${JUDGED_UNTIL}, jsonb_build_object('at', ${at}::float8))
    on conflict (key) do update set value = excluded.value
    where (installation.value ->> 'at')::float8 < (excluded.value ->> 'at')::float8`;
}

/**
 * Marks an ingester as dead, so that nobody waits for its watermark again, also not an instance that has just started.
 * Should it live after all, its next sign of life is later than this and undoes it (see {@link readWorld}).
 */
export async function bury(sql: Sql, ingester: IngesterRow): Promise<void> {
  await sql`
    update instances set stopped_at = clock_timestamp()
    where id = ${ingester.id} and abs(extract(epoch from seen_at) * 1000 - ${ingester.seenAt}::float8) < 0.01`;
}
