import type { Instant } from '@overdue/clock';
import { JUDGED_UNTIL, type Sql } from '@overdue/database';
import type { IngesterRow } from '@overdue/pings/vouching';

/** Remembers how far lateness has been judged; never moves back. */
export async function writeJudgedUntil(sql: Sql, at: Instant): Promise<void> {
  await sql`
    insert into installation (key, value) values (${JUDGED_UNTIL}, jsonb_build_object('at', ${at}::float8))
    on conflict (key) do update set value = excluded.value
    where (installation.value ->> 'at')::float8 < (excluded.value ->> 'at')::float8`;
}

/**
 * Marks an ingester as dead, so that nobody waits for its watermark again, also not an instance that has just started.
 * Should it live after all, its next sign of life is later than this and undoes it (see `readWorld`).
 */
export async function bury(sql: Sql, ingester: IngesterRow): Promise<void> {
  await sql`
    update instances set stopped_at = clock_timestamp()
    where id = ${ingester.id} and abs(extract(epoch from seen_at) * 1000 - ${ingester.seenAt}::float8) < 0.01`;
}
