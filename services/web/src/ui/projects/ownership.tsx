import {
  acceptTransfer,
  cancelTransfer,
  createSignInToken,
  findTransferRequest,
  listMembers,
  type Member,
  projectTitle,
  requestTransfer,
  SIGN_IN_LINK_LIFETIME_MS,
  type TransferRequest,
  transferRoom,
} from '@overdue/accounts';
import type { Sql } from '@overdue/database';
import type { Values } from '../../http/forms.ts';
import type { InProject } from '../../http/handlers.ts';
import { forbidden, HttpError } from '../../http/http-error.ts';
import { redirect } from '../../http/redirect.ts';
import { signInUrl, transferMail } from '../accounts/mails.tsx';
import { PostButton, PostForm } from '../components/link.tsx';

/*
 * Handing a project over (accounts.md §16): the owner asks a member, who accepts or rejects. All of it is in the
 * project's settings.
 */

const settings = (visit: InProject) => `/projects/${visit.access.project.code}/settings/`;

export interface Ownership {
  readonly request: TransferRequest | null;
  /** Of the person asked, when that is who looks at the page. */
  readonly room: { readonly checks: number; readonly free: number } | null;
}

export async function ownershipOf(visit: InProject): Promise<Ownership> {
  const { sql } = visit.deps.database;
  const { id: projectId } = visit.access.project;
  const request = await findTransferRequest(sql, projectId);
  const userId = visit.session.user.id;
  return { request, room: request?.userId === userId ? await transferRoom(sql, { projectId, userId }) : null };
}

/** The member whom a form names: `user`, their id, or `email`. */
export async function findMember(sql: Sql, projectId: number, values: Values): Promise<Member | undefined> {
  const { user, email = '' } = values;
  const address = email.trim().toLowerCase();
  const members = await listMembers(sql, projectId);
  return members.find((member) => (user === undefined ? member.email === address : String(member.userId) === user));
}

/** action=transfer, user=ID: only the owner asks. */
export async function askToTakeOver(visit: InProject, values: Values): Promise<void> {
  const { access, deps, session, site } = visit;
  if (!access.isOwner) throw forbidden();
  const projectId = access.project.id;
  const chosen = await findMember(deps.database.sql, projectId, values);
  if (!chosen) throw new HttpError(400, 'Choose a member of this project.');
  const { userId } = chosen;
  const member = await requestTransfer(deps.database, { projectId, userId, now: deps.clock.now() });
  if (!member) throw new HttpError(400, 'That person no longer belongs to this project.');
  const { mailer } = site.messages.delivery;
  const text = `${member.email} has been asked to take over this project.`;
  if (!mailer.configured) return redirect(visit, settings(visit), { kind: 'success', text });
  const token = await createSignInToken(deps.database.sql, deps.clock, {
    userId,
    lifetimeMs: SIGN_IN_LINK_LIFETIME_MS,
  });
  const link = signInUrl(visit, member, token, settings(visit));
  const sent = await mailer.send({
    to: member.email,
    ...transferMail(visit, { project: projectTitle(access), by: session.user.email, link }),
  });
  redirect(
    visit,
    settings(visit),
    sent.result === 'sent'
      ? { kind: 'success', text }
      : { kind: 'warning', text: `${text} But the message could not be mailed; tell them to look at these settings.` },
  );
}

/** action=cancel_transfer: only the owner. */
export async function takeBack(visit: InProject): Promise<void> {
  if (!visit.access.isOwner) throw forbidden();
  await cancelTransfer(visit.deps.database.sql, visit.access.project.id);
  redirect(visit, settings(visit), { kind: 'success', text: 'Cancelled. The project stays yours.' });
}

/** action=accept_transfer: only who was asked (TR-3). */
export async function takeOver(visit: InProject): Promise<void> {
  const { access, deps, session } = visit;
  const result = await acceptTransfer(deps.database, { projectId: access.project.id, userId: session.user.id });
  if (result === 'not-asked') throw forbidden('Nobody has asked you to take over this project.');
  if (result === 'no-room') throw new HttpError(400, 'This project has more checks than your account may still add.');
  redirect(visit, settings(visit), { kind: 'success', text: 'The project is yours now.' });
}

/** action=reject_transfer: only who was asked (TR-5). */
export async function reject(visit: InProject): Promise<void> {
  const { access, deps, session } = visit;
  const request = await findTransferRequest(deps.database.sql, access.project.id);
  if (request?.userId !== session.user.id) throw forbidden('Nobody has asked you to take over this project.');
  await cancelTransfer(deps.database.sql, access.project.id);
  redirect(visit, settings(visit), { kind: 'success', text: 'Rejected. The project stays with its owner.' });
}

/** What the person who was asked sees first. */
export function RequestPanel({ visit, ownership }: { readonly visit: InProject; readonly ownership: Ownership }) {
  const { room } = ownership;
  if (!room) return null;
  const fits = room.checks <= room.free;
  return (
    <section class="panel panel-attention" aria-labelledby="h-request">
      <h2 id="h-request">Take over this project?</h2>
      <p>
        {visit.access.ownerEmail} would like you to become the owner of this project. They stay as a member; its checks,
        integrations and keys stay as they are.
      </p>
      {!fits && (
        <p class="notice notice-warning">
          It has {room.checks} checks, and your account may add only {Math.max(0, room.free)} more.
        </p>
      )}
      <div class="form-actions">
        <PostButton action={settings(visit)} fields={{ action: 'accept_transfer' }} kind="primary" disabled={!fits}>
          Accept
        </PostButton>
        <PostButton action={settings(visit)} fields={{ action: 'reject_transfer' }}>
          Reject
        </PostButton>
      </div>
    </section>
  );
}

/** For the owner: whom to ask, or who was asked. */
export function TransferPanel(props: {
  readonly visit: InProject;
  readonly ownership: Ownership;
  readonly members: readonly Member[];
}) {
  const { visit, ownership, members } = props;
  const { request } = ownership;
  return (
    <section class="panel" aria-labelledby="h-transfer">
      <h2 id="h-transfer">Hand the project over</h2>
      {request ? (
        <>
          <p>
            Waiting for <strong>{request.email}</strong> to accept.
          </p>
          <PostButton action={settings(visit)} fields={{ action: 'cancel_transfer' }}>
            Cancel
          </PostButton>
        </>
      ) : members.length === 0 ? (
        <p class="muted">It can go to one of its members. Invite somebody first.</p>
      ) : (
        <PostForm action={settings(visit)} class="stack">
          <input type="hidden" name="action" value="transfer" />
          <div class="field">
            <label for="f-user">New owner</label>
            <select id="f-user" name="user" required aria-describedby="h-user">
              <option value="">Choose a member</option>
              {members.map((member) => (
                <option key={member.userId} value={member.userId}>
                  {member.email}
                </option>
              ))}
            </select>
            <p class="field-hint" id="h-user">
              They have to accept. You stay as a member.
            </p>
          </div>
          <div class="form-actions">
            <button type="submit" class="button">
              Ask them
            </button>
          </div>
        </PostForm>
      )}
    </section>
  );
}
