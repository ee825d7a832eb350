import { createProject, projectNameProblem } from '@overdue/accounts';
import { type Errors, type Values, valuesOf } from '../../http/forms.ts';
import type { SignedIn } from '../../http/handlers.ts';
import { redirect } from '../../http/redirect.ts';
import { TextField } from '../components/fields.tsx';
import { FormActions } from '../components/form-actions.tsx';
import { PostForm } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';

/** GET /projects/add/ */
export function showAddProject(visit: SignedIn): Promise<void> {
  return sendAddProject(visit, {}, {});
}

/** POST /projects/add/ (PJ-1) */
export async function addProject(visit: SignedIn): Promise<void> {
  const values = valuesOf(visit);
  const name = values.name ?? '';
  const problem = projectNameProblem(name);
  if (problem) return sendAddProject(visit, values, { name: problem }, 400);
  const project = await createProject(visit.deps.database.sql, { ownerId: visit.session.user.id, name });
  redirect(visit, `/projects/${project.code}/checks/`);
}

function sendAddProject(visit: SignedIn, values: Values, errors: Errors, status = 200): Promise<void> {
  return sendPage(visit, {
    title: 'New project',
    width: 'narrow',
    status,
    body: (
      <section class="dialog-page">
        <h1>New project</h1>
        <p class="lead">A project has its own checks, integrations, API keys and people.</p>
        <PostForm action="/projects/add/" class="stack">
          <TextField name="name" label="Name" maxlength={60} required autofocus values={values} errors={errors} />
          <FormActions submit="Create the project" cancel="/" />
        </PostForm>
      </section>
    ),
  });
}
