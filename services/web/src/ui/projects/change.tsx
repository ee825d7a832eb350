import {
  BUCKETS,
  createApiKey,
  createPingKey,
  createSignInToken,
  emailAddress,
  findUserByEmail,
  INVITATION_LIFETIME_MS,
  inviteMember,
  inviteSuggestions,
  projectNameProblem,
  projectTitle,
  removeMember,
  renameProject,
  revokeApiKey,
  revokePingKey,
  takeToken,
} from '@overdue/accounts';
import { z } from 'zod';
import { parseForm, type Values, valuesOf } from '../../http/forms.ts';
import type { InProject } from '../../http/handlers.ts';
import { forbidden, HttpError, tooMany } from '../../http/http-error.ts';
import { redirect } from '../../http/redirect.ts';
import { invitationMail, signInUrl } from '../accounts/mails.tsx';
import { FormActions } from '../components/form-actions.tsx';
import { PostForm } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';
import { withOwnNames } from './healthchecks-buttons.ts';
import { askToTakeOver, findMember, reject, takeBack, takeOver } from './ownership.tsx';
import { sendSettings } from './settings.tsx';

const KEYS = {
  api_key: { kind: 'rw', label: 'API key' },
  api_key_readonly: { kind: 'ro', label: 'Read-only API key' },
  ping_key: { kind: null, label: 'Ping key' },
} as const;

/** POST /projects/P/settings/: one of the panels' actions. */
export async function changeSettings(visit: InProject): Promise<void> {
  const values = withOwnNames(valuesOf(visit));
  switch (values.action) {
    case 'rename':
      return rename(visit, values);
    case 'create_key':
      return createKey(visit, values);
    case 'revoke_key':
      return revokeKey(visit, values);
    case 'invite':
      return invite(visit, values);
    case 'remove_member':
      return removeFromTeam(visit, values);
    case 'transfer':
      return askToTakeOver(visit, values);
    case 'cancel_transfer':
      return takeBack(visit);
    case 'accept_transfer':
      return takeOver(visit);
    case 'reject_transfer':
      return reject(visit);
    default:
      throw new HttpError(400, 'This form does not say what to do.');
  }
}

function settings(visit: InProject): string {
  return `/projects/${visit.access.project.code}/settings/`;
}

async function rename(visit: InProject, values: Values): Promise<void> {
  if (!visit.access.canWrite) throw forbidden();
  const name = values.name ?? '';
  const problem = projectNameProblem(name);
  if (problem) return sendSettings(visit, { values, errors: { name: problem }, status: 400 });
  await renameProject(visit.deps.database.sql, visit.access.project.id, name);
  redirect(visit, settings(visit), { kind: 'success', text: 'The project is renamed.' });
}

function keyOf(values: Values): keyof typeof KEYS {
  const { key = '' } = values;
  if (!Object.hasOwn(KEYS, key)) throw new HttpError(400, 'There is no such kind of key.');
  return key as keyof typeof KEYS;
}

/** The answer is the page itself, not a redirect: the key is in no history and no log (KY-6). */
async function createKey(visit: InProject, values: Values): Promise<void> {
  const { access, deps, session } = visit;
  if (!access.canWrite) throw forbidden();
  const { kind, label } = KEYS[keyOf(values)];
  const { sql } = deps.database;
  const projectId = access.project.id;
  const key =
    kind === null
      ? await createPingKey(sql, projectId)
      : await createApiKey(sql, deps.secretKey, { projectId, kind, createdBy: session.user.id });
  const project = kind === null ? { ...access.project, ping_key: key } : access.project;
  const board = kind === 'ro' ? { board: `/tv/#${key}=${encodeURIComponent(projectTitle(access))}` } : {};
  const newKey = { label, key, once: kind !== null, ...board };
  await sendSettings({ ...visit, access: { ...access, project } }, { newKey });
}

async function revokeKey(visit: InProject, values: Values): Promise<void> {
  const { access, deps } = visit;
  if (!access.canWrite) throw forbidden();
  const { kind, label } = KEYS[keyOf(values)];
  const { sql } = deps.database;
  if (kind === null) await revokePingKey(sql, access.project.id);
  else await revokeApiKey(sql, { projectId: access.project.id, kind });
  redirect(visit, settings(visit), { kind: 'success', text: `${label} revoked: it no longer works.` });
}

/** GET /projects/P/revoke/?key= asks first (KY-3). */
export function showRevoke(visit: InProject): Promise<void> {
  const key = keyOf({ key: String(visit.req.query.key ?? '') });
  const { label } = KEYS[key];
  return sendPage(visit, {
    title: `Revoke the ${label}`,
    section: 'settings',
    access: visit.access,
    width: 'narrow',
    body: (
      <section class="dialog-page">
        <h1>Revoke the {label}?</h1>
        <PostForm action={settings(visit)} class="stack">
          <input type="hidden" name="action" value="revoke_key" />
          <input type="hidden" name="key" value={key} />
          <p>Whatever uses it stops working at once. You can create another afterwards.</p>
          <FormActions submit="Revoke it" cancel={settings(visit)} danger />
        </PostForm>
      </section>
    ),
  });
}

const invitation = z.object({
  email: emailAddress,
  role: z.enum(['r', 'w', 'm'], { error: 'Choose a role.' }).default('w'),
});

async function invite(visit: InProject, values: Values): Promise<void> {
  const { access, deps, session } = visit;
  if (!access.canManage) throw forbidden();
  const form = parseForm(invitation, values);
  if (!form.ok) return sendSettings(visit, { values, errors: form.errors, status: 400 });
  const { email, role } = form.data;
  // IN-4: who is in another project of the owner is no stranger.
  const known = (await inviteSuggestions(deps.database.sql, access.project.id)).includes(email);
  const bucket = BUCKETS.invitationsByUser(session.user.id);
  if (!known && !(await takeToken(deps.database, deps.clock, bucket))) throw tooMany(3600);
  const result = await inviteMember(deps.database, { projectId: access.project.id, email, role });
  if (result.kind === 'already-member') {
    const text = `${email} already belongs to this project; nothing was changed.`;
    return redirect(visit, settings(visit), { kind: 'info', text });
  }
  await welcome(visit, { email, role });
}

/**
 * IN-3: mails a link that signs in. Where no mail can be sent, an account that nobody has used yet gets a link that the
 * inviter passes on; one that is in use needs none.
 */
async function welcome(visit: InProject, { email, role }: { email: string; role: string }): Promise<void> {
  const { access, deps, site, session } = visit;
  const { sql } = deps.database;
  const { mailer } = site.messages.delivery;
  const added = { kind: 'success', text: `${email} now belongs to this project.` } as const;
  const user = await findUserByEmail(sql, email);
  if (!user || (!mailer.configured && user.has_password)) return redirect(visit, settings(visit), added);
  const token = await createSignInToken(sql, deps.clock, { userId: user.id, lifetimeMs: INVITATION_LIFETIME_MS });
  const link = signInUrl(visit, user, token, `/projects/${access.project.code}/checks/`);
  if (mailer.configured) {
    const mail = invitationMail(visit, { project: projectTitle(access), by: session.user.email, role, link });
    const sent = await mailer.send({ to: email, ...mail });
    if (sent.result === 'sent') {
      return redirect(visit, settings(visit), { ...added, text: `${added.text} The invitation is mailed.` });
    }
    const text = `${added.text} But the invitation could not be mailed: ${'error' in sent ? sent.error : sent.answer}`;
    return redirect(visit, settings(visit), { kind: 'warning', text });
  }
  await sendSettings(visit, {
    flash: added,
    newKey: { label: `Link for ${email}`, key: link, once: true },
  });
}

async function removeFromTeam(visit: InProject, values: Values): Promise<void> {
  const { access, deps, session } = visit;
  if (!access.canManage) throw forbidden();
  const { sql } = deps.database;
  const member = await findMember(sql, access.project.id, values);
  if (!member) throw new HttpError(400, 'That person does not belong to this project.');
  if (member.userId === session.user.id) throw new HttpError(400, 'Choose somebody else.');
  await removeMember(sql, { projectId: access.project.id, userId: member.userId });
  redirect(visit, settings(visit), { kind: 'success', text: 'Removed from the project.' });
}
