import { findAccess, listProjects, projectTitle } from '@overdue/accounts';
import { transferCheck } from '@overdue/operations';
import { valuesOf } from '../../http/forms.ts';
import { type ForCheck, isUuid } from '../../http/handlers.ts';
import { forbidden, HttpError, notFound } from '../../http/http-error.ts';
import { redirect } from '../../http/redirect.ts';
import { checkTitle } from './check.ts';
import { sendConfirmation } from './confirm.tsx';
import { demand } from './outcome.ts';

/** GET /checks/C/transfer/: the projects in which one may write (TC-1). */
export async function showTransfer(visit: ForCheck): Promise<void> {
  const projects = (await listProjects(visit.deps.database.sql, visit.session.user)).filter((p) => p.canWrite);
  const others = projects.filter((p) => p.project.id !== visit.check.project_id);
  return sendConfirmation(visit, {
    title: 'Move to another project',
    path: 'transfer',
    button: 'Move it',
    children:
      others.length === 0 ? (
        <p>There is no other project in which you may add checks.</p>
      ) : (
        <>
          <p>
            The ping URL, schedule and log of <strong>{checkTitle(visit.check)}</strong> stay. Its integrations become
            all of those of the project it moves to.
          </p>
          <div class="field">
            <label for="f-project">Project</label>
            <select id="f-project" name="project" required>
              {others.map((p) => (
                <option key={p.project.code} value={p.project.code}>
                  {projectTitle(p)}
                </option>
              ))}
            </select>
          </div>
        </>
      ),
  });
}

/** POST /checks/C/transfer/ */
export async function transfer(visit: ForCheck): Promise<void> {
  const { project: code = '' } = valuesOf(visit);
  if (!isUuid(code)) throw new HttpError(400, 'Choose a project.');
  const { database } = visit.deps;
  const target = await findAccess(database.sql, visit.session.user, { code: code.toLowerCase() });
  if (!target) throw notFound();
  if (!target.canWrite) throw forbidden();
  demand(await transferCheck(database, { code: visit.check.code, targetProjectId: target.project.id }));
  redirect(visit, `/checks/${visit.check.code}/details/`, {
    kind: 'success',
    text: `The check is now in ${projectTitle(target)}.`,
  });
}
