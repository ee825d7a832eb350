import type { Instant } from '@overdue/clock';
import { JUDGED_UNTIL, type Sql } from '@overdue/database';

/** Remembers how far lateness has been judged; never moves back. */
export async function writeJudgedUntil(sql: Sql, at: Instant): Promise<void> {
  await sql`
    insert into installation (key, value) values (${JUDGED_UNTIL}, jsonb_build_object('at', ${at}::float8))
    on conflict (key) do update set value = excluded.value
    where (installation.value ->> 'at')::float8 < (excluded.value ->> 'at')::float8`;
}
