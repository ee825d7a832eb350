import { deleteProject, projectTitle } from '@overdue/accounts';
import type { InProject } from '../../http/handlers.ts';
import { redirect } from '../../http/redirect.ts';
import { Link, PostForm } from '../components/link.tsx';
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
          <div class="form-actions">
            <button type="submit" class="button danger">
              Remove it for good
            </button>
            <Link to={`/projects/${access.project.code}/settings/`} class="button quiet">
              Cancel
            </Link>
          </div>
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
