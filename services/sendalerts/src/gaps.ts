import type { Gap } from '@overdue/checks';
import type { Instant } from '@overdue/clock';
import type { Sql, TransactionSql } from '@overdue/database';

/**
 * Records stretches that nobody covered; again and again is the same as once. One that begins with what a lost ingester
 * took with it is the same gap. Returns how many were new or closed.
 */
export async function recordGaps(sql: Sql, gaps: readonly Gap[]): Promise<number> {
  let changed = 0;
  for (const gap of gaps) {
    const rows = await sql`
      insert into gaps (from_at, until_at) values (${gap.from}, ${gap.until})
      on conflict (from_at) do update set until_at = excluded.until_at
      where gaps.until_at is null or (gaps.instance_id is not null and gaps.until_at < excluded.until_at)
      returning id`;
    changed += rows.length;
  }
  return changed;
}

/**
 * Records that nobody has been covering since `from`. What a lost ingester took with it from then on stays a gap of its own
 * (a microsecond later: see `recordLost`), because the one that is opened here may be taken back.
 */
export async function openGap(sql: Sql, from: Instant): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`
      update gaps set from_at = from_at + interval '1 microsecond'
      where from_at = ${from} and instance_id is not null
        and not exists (select from gaps next where next.from_at = gaps.from_at + interval '1 microsecond')`;
    await tx`insert into gaps (from_at) values (${from}) on conflict do nothing`;
  });
}

/** A gap that was recorded as open turned out to be covered: an ingester thought dead had only been cut off. */
export async function dismissGap(sql: Sql, id: number): Promise<void> {
  await sql`delete from gaps where id = ${id} and until_at is null and reported_at is null`;
  await sql`update gaps set until_at = from_at where id = ${id} and until_at is null`;
}

/** Counts the checks that a gap held back. */
export async function countHeld(sql: TransactionSql, held: ReadonlyMap<Instant, number>): Promise<void> {
  const rows = [...held].map(([from, count]) => ({ from, count }));
  if (rows.length === 0) return;
  await sql`
    update gaps g set checks_held = checks_held + h.count
    from jsonb_to_recordset(${rows as never}::jsonb) as h("from" float8, count integer)
    where g.from_at = to_timestamp(h."from" / 1000)`;
}
