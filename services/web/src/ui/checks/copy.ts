import { copyCheck } from '@overdue/operations';
import type { ForCheck } from '../../http/handlers.ts';
import { redirect } from '../../http/redirect.ts';
import { demand } from './outcome.ts';

/** POST /checks/C/copy/: opens the copy's details. */
export async function copy(visit: ForCheck): Promise<void> {
  const { database, clock } = visit.deps;
  const { code, project_id } = visit.check;
  const made = demand(await copyCheck(database, clock, { code, projectId: project_id }));
  redirect(visit, `/checks/${made.code}/details/`, {
    kind: 'success',
    text: 'This is the copy: same settings and integrations, its own ping URL, an empty log.',
  });
}
