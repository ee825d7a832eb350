import { listProjects, type User } from '@overdue/accounts';
import type { Visit } from '../../http/visit.ts';

/** Where a sign-in leads (accounts.md SI-15): the checks of the only project one owns, else the overview. */
export async function landingPage(visit: Visit, user: User): Promise<string> {
  const owned = (await listProjects(visit.deps.database.sql, user)).filter((access) => access.isOwner);
  return owned.length === 1 ? `/projects/${owned[0]!.project.code}/checks/` : '/';
}
