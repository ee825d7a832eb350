import {
  listProjects,
  passwordProblem,
  projectTitle,
  removeMember,
  setPassword,
  type User,
  updatePreferences,
} from '@overdue/accounts';
import { readReportSettings } from '@overdue/operations';
import { canonicalZone } from '@overdue/schedules';
import { type Errors, type Values, valuesOf } from '../../http/forms.ts';
import { isUuid, type SignedIn } from '../../http/handlers.ts';
import { HttpError } from '../../http/http-error.ts';
import { redirect } from '../../http/redirect.ts';
import { ZoneField } from '../checks/schedule-fields.tsx';
import { RadioGroup, TextField } from '../components/fields.tsx';
import { ButtonLink, Link, PostButton, PostForm } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';
import { ROLES } from '../projects/settings.tsx';
import { OwnPasswordField, ownPasswordProblem } from './own-password.tsx';
import { ReportsPanel } from './reports.tsx';

/** GET /accounts/profile/ */
export function showProfile(visit: SignedIn): Promise<void> {
  return sendProfile(visit, {}, {});
}

/** GET /accounts/set_password/, /accounts/profile/appearance/ and …/notifications/: panels of the one page. */
export function showPanel(heading: 'h-password' | 'h-preferences' | 'h-reports') {
  return (visit: SignedIn): void => redirect(visit, `/accounts/profile/#${heading}`);
}

/** POST /accounts/set_password/ */
export function savePassword(visit: SignedIn): Promise<void> {
  return changePassword(visit, valuesOf(visit));
}

/** POST /accounts/profile/appearance/ */
export function saveTheme(visit: SignedIn): Promise<void> {
  const { tz } = visit.session.user;
  return changePreferences(visit, { ...valuesOf(visit), tz });
}

/** POST /accounts/profile/: one of the panels' actions. */
export async function changeProfile(visit: SignedIn): Promise<void> {
  const values = valuesOf(visit);
  if (values.leave_project !== undefined || values.action === 'leave') return leave(visit, values);
  if (values.action === 'password') return changePassword(visit, values);
  // Scripts written for Healthchecks send the zone alone.
  if (values.action === 'preferences' || values.tz !== undefined) {
    return changePreferences(visit, { theme: visit.session.user.theme, ...values });
  }
  throw new HttpError(400, 'This form does not say what to do.');
}

async function changePassword(visit: SignedIn, values: Values): Promise<void> {
  const { deps, session } = visit;
  const { current, password = '' } = values;
  const wrong = await ownPasswordProblem(visit, current);
  if (wrong) return sendProfile(visit, {}, { current: wrong }, 400);
  const problem = passwordProblem(password);
  if (problem) return sendProfile(visit, {}, { password: problem }, 400);
  await setPassword(deps.database, { userId: session.user.id, password, keepSession: session.tokenHash });
  redirect(visit, '/accounts/profile/', {
    kind: 'success',
    text: 'The password is changed. You are signed out everywhere else.',
  });
}

async function changePreferences(visit: SignedIn, values: Values): Promise<void> {
  const tz = canonicalZone((values.tz ?? '').trim());
  const { theme } = values;
  if (tz === null) return sendProfile(visit, values, { tz: 'Choose a time zone from the list.' }, 400);
  if (theme !== 'system' && theme !== 'light' && theme !== 'dark') throw new HttpError(400, 'There is no such theme.');
  await updatePreferences(visit.deps.database.sql, visit.session.user.id, { tz, theme });
  redirect(visit, '/accounts/profile/', { kind: 'success', text: 'Saved.' });
}

/** IN-9: takes effect at once. */
async function leave(visit: SignedIn, values: Values): Promise<void> {
  const { database } = visit.deps;
  const code = values.code ?? '';
  const projects = await listProjects(database.sql, visit.session.user);
  const found = projects.find((p) => p.project.code === code);
  if (!isUuid(code) || !found || found.isOwner) throw new HttpError(400, 'You are not a member of that project.');
  await removeMember(database.sql, { projectId: found.project.id, userId: visit.session.user.id });
  redirect(visit, '/accounts/profile/', { kind: 'success', text: `You have left ${projectTitle(found)}.` });
}

async function sendProfile(visit: SignedIn, values: Values, errors: Errors, status = 200): Promise<void> {
  const { user } = visit.session;
  const { sql } = visit.deps.database;
  const [projects, reports] = await Promise.all([listProjects(sql, user), readReportSettings(sql, user.id)]);
  await sendPage(visit, {
    title: 'Account settings',
    section: 'account',
    status,
    body: (
      <>
        <h1>Account settings</h1>
        <p class="muted">
          {user.email}
          {visit.remoteUser === null && (
            <>
              {' '}
              <Link to="/accounts/change_email/">Change</Link>
            </>
          )}
        </p>
        <section class="panel" aria-labelledby="h-preferences">
          <h2 id="h-preferences">Appearance and time</h2>
          <PostForm action="/accounts/profile/" class="stack">
            <input type="hidden" name="action" value="preferences" />
            <RadioGroup
              name="theme"
              legend="Theme"
              value={values.theme ?? user.theme}
              row
              options={[
                ['system', 'As the system'],
                ['light', 'Light'],
                ['dark', 'Dark'],
              ]}
            />
            <ZoneField
              name="tz"
              label="Time zone"
              values={{ tz: values.tz ?? user.tz }}
              errors={errors}
              hint="For times in pages and alerts, and for months in downtime."
            />
            <div class="form-actions">
              <button type="submit" class="button">
                Save
              </button>
            </div>
          </PostForm>
        </section>
        <ReportsPanel visit={visit} settings={reports} />
        {visit.remoteUser === null && <PasswordPanel user={user} errors={errors} />}
        <section class="panel" aria-labelledby="h-projects">
          <h2 id="h-projects">Projects</h2>
          <table class="table team">
            <tbody>
              {projects.map((access) => (
                <tr key={access.project.code}>
                  <td>
                    <Link to={`/projects/${access.project.code}/checks/`}>{projectTitle(access)}</Link>
                  </td>
                  <td>{ROLES[access.role]}</td>
                  <td class="key-action">
                    {!access.isOwner && (
                      <PostButton
                        action="/accounts/profile/"
                        fields={{ action: 'leave', code: access.project.code }}
                        kind="danger-quiet"
                      >
                        Leave
                      </PostButton>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          <div class="form-actions after-table">
            <Link to="/projects/add/" class="button">
              New project
            </Link>
          </div>
        </section>
        <section class="panel panel-danger" aria-labelledby="h-close">
          <h2 id="h-close">Close the account</h2>
          <p>The projects you own go with it. There is no undo.</p>
          <div class="form-actions">
            <ButtonLink to="/accounts/close/" kind="danger-quiet">
              Close this account…
            </ButtonLink>
          </div>
        </section>
      </>
    ),
  });
}

function PasswordPanel({ user, errors }: { readonly user: User; readonly errors: Errors }) {
  return (
    <section class="panel" aria-labelledby="h-password">
      <h2 id="h-password">{user.has_password ? 'Change the password' : 'Set a password'}</h2>
      <PostForm action="/accounts/profile/" class="stack">
        <input type="hidden" name="action" value="password" />
        <input type="hidden" name="username" autocomplete="username" value={user.email} />
        <OwnPasswordField name="current" label="Current password" errors={errors} />
        <TextField
          name="password"
          label="New password"
          type="password"
          autocomplete="new-password"
          required
          minlength={8}
          values={{}}
          errors={errors}
          hint="At least 8 characters. Ends your sessions on other devices."
        />
        <div class="form-actions">
          <button type="submit" class="button">
            Save the password
          </button>
        </div>
      </PostForm>
    </section>
  );
}
