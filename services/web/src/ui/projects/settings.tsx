import {
  type ApiKeyInfo,
  inviteSuggestions,
  listApiKeys,
  listMembers,
  type Member,
  projectTitle,
} from '@overdue/accounts';
import type { Flash } from '../../http/flash.ts';
import type { Errors, Values } from '../../http/forms.ts';
import type { InProject } from '../../http/handlers.ts';
import { CopyText } from '../components/copy.tsx';
import { RadioGroup, TextField } from '../components/fields.tsx';
import { ButtonLink, Link, PostButton, PostForm } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';
import { Ago } from '../components/time.tsx';
import { ownershipOf, RequestPanel, TransferPanel } from './ownership.tsx';

export const ROLES: Readonly<Record<string, string>> = {
  owner: 'Owner',
  m: 'Manager',
  w: 'Member',
  r: 'Read-only',
  superuser: 'Administrator',
};

/** A key or link that was just made: shown now, and often never again. */
export interface NewKey {
  readonly label: string;
  readonly key: string;
  readonly once: boolean;
  /** The board that this key opens, without the site's path prefix. */
  readonly board?: string;
}

/** GET /projects/P/settings/ */
export function showSettings(visit: InProject): Promise<void> {
  return sendSettings(visit, {});
}

export async function sendSettings(
  visit: InProject,
  state: {
    readonly newKey?: NewKey;
    readonly flash?: Flash;
    readonly values?: Values;
    readonly errors?: Errors;
    readonly status?: number;
  },
): Promise<void> {
  const { access, deps } = visit;
  const { sql } = deps.database;
  const [keys, members, suggestions, ownership] = await Promise.all([
    access.canWrite ? listApiKeys(sql, access.project.id) : [],
    listMembers(sql, access.project.id),
    access.canManage ? inviteSuggestions(sql, access.project.id) : [],
    ownershipOf(visit),
  ]);
  const { values = {}, errors = {} } = state;
  await sendPage(visit, {
    title: `Settings of ${projectTitle(access)}`,
    section: 'settings',
    access,
    ...(state.flash ? { flash: state.flash } : {}),
    ...(state.status ? { status: state.status } : {}),
    body: (
      <>
        <h1>Project settings</h1>
        {state.newKey && <NewKeyNotice newKey={state.newKey} />}
        <RequestPanel visit={visit} ownership={ownership} />
        {access.canWrite && (
          <section class="panel" aria-labelledby="h-name">
            <h2 id="h-name">Name</h2>
            <PostForm action={`/projects/${access.project.code}/settings/`} class="stack">
              <input type="hidden" name="action" value="rename" />
              <TextField
                name="name"
                label="Project name"
                maxlength={60}
                required
                values={{ name: values.name ?? projectTitle(access) }}
                errors={errors}
              />
              <div class="form-actions">
                <button type="submit" class="button">
                  Rename
                </button>
              </div>
            </PostForm>
          </section>
        )}
        {access.canWrite && <KeysPanel visit={visit} keys={keys} />}
        <TeamPanel visit={visit} members={members} suggestions={suggestions} values={values} errors={errors} />
        {access.isOwner && <TransferPanel visit={visit} ownership={ownership} members={members} />}
        {access.isOwner && (
          <section class="panel panel-danger" aria-labelledby="h-remove">
            <h2 id="h-remove">Remove the project</h2>
            <p>Its checks, their logs, its integrations and keys go with it. There is no undo.</p>
            <div class="form-actions">
              <ButtonLink to={`/projects/${access.project.code}/remove/`} kind="danger-quiet">
                Remove this project…
              </ButtonLink>
            </div>
          </section>
        )}
      </>
    ),
  });
}

function NewKeyNotice({ newKey }: { readonly newKey: NewKey }) {
  return (
    <div class="notice notice-success" role="status">
      <p>
        <strong>{newKey.label}</strong>
        {newKey.once ? ': copy it now, it cannot be shown again.' : ''}
      </p>
      <CopyText text={newKey.key} block />
      {newKey.board && (
        <p>
          For a screen on the wall: <Link to={newKey.board}>a board of this project’s checks</Link>, which needs no
          sign-in.
        </p>
      )}
    </div>
  );
}

function KeysPanel(props: { readonly visit: InProject; readonly keys: readonly ApiKeyInfo[] }) {
  const { visit, keys } = props;
  const { project } = visit.access;
  const rw = keys.find((key) => key.kind === 'rw');
  const ro = keys.find((key) => key.kind === 'ro');
  return (
    <section class="panel" aria-labelledby="h-keys">
      <h2 id="h-keys">API access</h2>
      <table class="table keys stacked">
        <tbody>
          <KeyRow
            visit={visit}
            id="api_key"
            label="API key"
            shown={rw ? `${rw.start}${'*'.repeat(24)}` : null}
            info={rw}
          />
          <KeyRow
            visit={visit}
            id="api_key_readonly"
            label="API key, read-only"
            shown={ro ? `${ro.start}${'*'.repeat(24)}` : null}
            info={ro}
          />
          <KeyRow
            visit={visit}
            id="ping_key"
            label="Ping key, for ping URLs by name"
            shown={project.ping_key}
            info={undefined}
          />
        </tbody>
      </table>
    </section>
  );
}

function KeyRow(props: {
  readonly visit: InProject;
  readonly id: 'api_key' | 'api_key_readonly' | 'ping_key';
  readonly label: string;
  readonly shown: string | null;
  readonly info: ApiKeyInfo | undefined;
}) {
  const { visit, id, label, shown, info } = props;
  const action = `/projects/${visit.access.project.code}/settings/`;
  return (
    <tr>
      <th scope="row">{label}</th>
      <td>
        {shown === null ? (
          <em class="muted">not set</em>
        ) : id === 'ping_key' ? (
          <details class="reveal">
            <summary>
              <code>{shown.slice(0, 4)}…</code> show
            </summary>
            <CopyText text={shown} />
          </details>
        ) : (
          <code>{shown}</code>
        )}
        {info && (
          <small class="muted">
            {' '}
            made <Ago at={info.createdAt} />
            {info.lastUsedAt === null ? ', never used' : null}
          </small>
        )}
      </td>
      <td class="key-action">
        {shown === null ? (
          <PostButton action={action} fields={{ action: 'create_key', key: id }}>
            Create
          </PostButton>
        ) : (
          <ButtonLink to={`/projects/${visit.access.project.code}/revoke/?key=${id}`} kind="danger-quiet">
            Revoke…
          </ButtonLink>
        )}
      </td>
    </tr>
  );
}

function TeamPanel(props: {
  readonly visit: InProject;
  readonly members: readonly Member[];
  /** Addresses that are offered while one types. */
  readonly suggestions: readonly string[];
  readonly values: Values;
  readonly errors: Errors;
}) {
  const { visit, members, suggestions, values, errors } = props;
  const { access, session } = visit;
  const action = `/projects/${access.project.code}/settings/`;
  return (
    <section class="panel" aria-labelledby="h-team">
      <h2 id="h-team">People</h2>
      <table class="table team">
        <thead class="visually-hidden">
          <tr>
            <th>E-mail</th>
            <th>Role</th>
            <th>Remove</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <td>{access.ownerEmail}</td>
            <td>Owner</td>
            <td />
          </tr>
          {members.map((member) => (
            <tr key={member.userId}>
              <td>
                {member.email}
                {!member.hasSignedIn && <small class="muted"> never signed in</small>}
              </td>
              <td>{ROLES[member.role]}</td>
              <td class="key-action">
                {access.canManage && member.userId !== session.user.id && (
                  <PostButton
                    action={action}
                    fields={{ action: 'remove_member', user: String(member.userId) }}
                    kind="danger-quiet"
                  >
                    Remove
                  </PostButton>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {access.canManage && (
        <PostForm action={action} class="stack invite">
          <h3>Invite somebody</h3>
          <input type="hidden" name="action" value="invite" />
          <TextField
            name="email"
            label="E-mail"
            type="email"
            required
            autocomplete="off"
            list="suggestions"
            values={values}
            errors={errors}
          />
          <datalist id="suggestions">
            {suggestions.map((email) => (
              <option key={email} value={email} />
            ))}
          </datalist>
          <RadioGroup
            name="role"
            legend="Role"
            value={values.role ?? 'w'}
            options={[
              ['r', 'Read-only', 'Sees checks, logs and integrations.'],
              ['w', 'Member', 'Also changes them, and handles the API keys.'],
              ['m', 'Manager', 'Also invites and removes people.'],
            ]}
          />
          <div class="form-actions">
            <button type="submit" class="button">
              Invite
            </button>
          </div>
        </PostForm>
      )}
    </section>
  );
}
