import { deleteProject, projectTitle } from '@overdue/accounts';
import type { InProject } from '../../http/handlers.ts';
import { redirect } from '../../http/redirect.ts';
import { FormActions } from '../components/form-actions.tsx';
import { PostForm } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';

/** GET /projects/P/remove/ */
export function showRemoveProject(visit: InProject): Promise<void> {
  const { access } = visit;
  return sendPage(visit, {
    title: 'Remove the project',
    section: 'settings',
    access,
    width: 'narrow',
    body: (
      <section class="dialog-page">
        <h1>Remove {projectTitle(access)}?</h1>
        <PostForm action={`/projects/${access.project.code}/remove/`} class="stack">
          <p>Its checks, their logs, its integrations and keys go with it. There is no undo.</p>
          <FormActions submit="Remove it for good" cancel={`/projects/${access.project.code}/settings/`} danger />
        </PostForm>
      </section>
    ),
  });
}

/** POST /projects/P/remove/: the owner only; for everybody else it does not exist (PJ-3). */
export async function removeProject(visit: InProject): Promise<void> {
  await deleteProject(visit.deps.database, visit.access.project.id);
  redirect(visit, '/', { kind: 'success', text: `${projectTitle(visit.access)} is removed.` });
}
