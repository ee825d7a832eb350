import { setShowSlugs } from '@overdue/accounts';
import { valuesOf } from '../../http/forms.ts';
import { type InProject, isUuid } from '../../http/handlers.ts';
import { redirect } from '../../http/redirect.ts';

/** `?urls=uuid` or `slug` on the list and the details: the same; from people who may only read it is ignored. */
export async function withUrlStyle<V extends InProject>(visit: V): Promise<V> {
  const { access, deps, req } = visit;
  const { urls } = req.query;
  if ((urls !== 'uuid' && urls !== 'slug') || !access.canWrite) return visit;
  const show_slugs = urls === 'slug';
  await setShowSlugs(deps.database.sql, access.project.id, show_slugs);
  return { ...visit, access: { ...access, project: { ...access.project, show_slugs } } };
}

/** POST /projects/P/urls/ with show=slug or uuid: how the project shows its ping URLs. */
export async function setUrlStyle(visit: InProject): Promise<void> {
  const { show, check = '' } = valuesOf(visit);
  const { project } = visit.access;
  await setShowSlugs(visit.deps.database.sql, project.id, show === 'slug');
  redirect(visit, isUuid(check) ? `/checks/${check}/details/` : `/projects/${project.code}/checks/`);
}
