import { findAccess } from '@overdue/accounts';
import { uniqueKey } from '@overdue/checks';
import type { SignedIn } from '../http/handlers.ts';
import { notFound } from '../http/http-error.ts';
import { redirect } from '../http/redirect.ts';

/**
 * GET /cloaked/KEY/: what alerts link to. The key says nothing of the check's code (OT-3); only the person's own checks
 * are looked at.
 */
export async function openCloaked(visit: SignedIn): Promise<void> {
  const key = String(visit.req.params.key);
  const { user } = visit.session;
  const { sql } = visit.deps.database;
  // SHA-1 of the code's first half cannot be searched for in SQL; it is computed for each check that one may see.
  const candidates = await sql<{ code: string; project_id: number }[]>`
    select c.code, c.project_id from checks c join projects p on p.id = c.project_id
    where ${user.is_superuser} or p.owner_id = ${user.id}
       or exists (select 1 from members m where m.project_id = p.id and m.user_id = ${user.id})`;
  const found = candidates.find((row) => uniqueKey(row.code) === key);
  if (!found || !(await findAccess(sql, user, { id: found.project_id }))) throw notFound();
  redirect(visit, `/checks/${found.code}/details/`);
}
