import { setShowSlugs } from '@overdue/accounts';
import { valuesOf } from '../../http/forms.ts';
import { type InProject, isUuid } from '../../http/handlers.ts';
import { redirect } from '../../http/redirect.ts';

/** POST /projects/P/urls/ with show=slug or uuid: how the project shows its ping URLs. */
export async function setUrlStyle(visit: InProject): Promise<void> {
  const { show, check = '' } = valuesOf(visit);
  const { project } = visit.access;
  await setShowSlugs(visit.deps.database.sql, project.id, show === 'slug');
  redirect(visit, isUuid(check) ? `/checks/${check}/details/` : `/projects/${project.code}/checks/`);
}
