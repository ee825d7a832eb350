import type { Database } from '@overdue/database';

/**
 * Adds a user, a project and `count` checks with predictable codes: {@link checkCode}(0) … (count − 1).
 * @returns the project's id
 */
export async function seedChecks(database: Database, count: number): Promise<number> {
  const { sql } = database;
  await sql`insert into users (username, email, is_superuser, check_limit)
            values ('bench', 'bench@example.org', true, 100000000) on conflict do nothing`;
  const [project] = await sql<{ id: number }[]>`
    insert into projects (owner_id, badge_key, ping_key)
    select id, gen_random_uuid()::text, left(replace(gen_random_uuid()::text, '-', ''), 22) from users where username = 'bench'
    returning id`;
  // The trigger that tells caches about new checks has nobody to tell here.
  await sql.begin(async (tx) => {
    await tx`alter table checks disable trigger checks_changed`;
    await tx`
      insert into checks (project_id, code, name, slug)
      select ${project!.id}, ('00000000-0000-4000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 'check ' || i, 'check-' || i
      from generate_series(0, ${count - 1}) i`;
    await tx`alter table checks enable trigger checks_changed`;
  });
  await sql`vacuum analyze checks`;
  return project!.id;
}

/** Code of the i-th seeded check. */
export function checkCode(i: number): string {
  return `00000000-0000-4000-8000-${i.toString(16).padStart(12, '0')}`;
}
