import { assignChecks, renameChannel } from '@overdue/operations';
import { listOf, valuesOf } from '../../http/forms.ts';
import { type ForChannel, type InProject, isUuid } from '../../http/handlers.ts';
import { forbidden, HttpError } from '../../http/http-error.ts';
import { redirect } from '../../http/redirect.ts';
import { findChannel } from '../../rows/channel.ts';
import { listChecks } from '../../rows/check.ts';
import { checkTitle } from '../checks/check.ts';
import { demand } from '../checks/outcome.ts';
import { FormActions } from '../components/form-actions.tsx';
import { Link, PostForm } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';
import { channelTitle } from './describe.ts';

/** GET /integrations/CH/checks/: which checks it is told about. */
export async function showAssign(visit: ForChannel): Promise<void> {
  const { channel, access, deps } = visit;
  const { sql } = deps.database;
  const [checks, assigned] = await Promise.all([
    listChecks(sql, channel.project_id),
    sql<{ check_id: number }[]>`select check_id from channel_checks where channel_id = ${channel.id}`,
  ]);
  const on = new Set(assigned.map((row) => row.check_id));
  const list = `/projects/${access.project.code}/integrations/`;
  await sendPage(visit, {
    title: `Checks of ${channelTitle(channel)}`,
    section: 'integrations',
    access,
    width: 'narrow',
    body: (
      <>
        <p class="crumbs">
          <Link to={list}>Integrations</Link>
        </p>
        <h1>{channelTitle(channel)}</h1>
        {checks.length === 0 ? (
          <p>This project has no checks yet. New ones get all integrations.</p>
        ) : (
          <PostForm action={list} class="stack">
            <input type="hidden" name="channel" value={channel.code} />
            <fieldset class="choices choices-list" data-select-all="">
              <legend>It is told about</legend>
              {checks.map((check) => (
                <label key={check.code} class="choice">
                  <input type="checkbox" name="check" value={check.code} checked={on.has(check.id)} />
                  <span>{checkTitle(check)}</span>
                </label>
              ))}
            </fieldset>
            <FormActions submit="Save" cancel={list} />
          </PostForm>
        )}
      </>
    ),
  });
}

/**
 * POST /projects/P/integrations/ with channel and the whole new set of checks, as `check` (several) or as keys
 * `check-UUID`. A malformed code: 400; another project's channel or check: 403.
 */
export async function assign(visit: InProject): Promise<void> {
  const { access, deps } = visit;
  const values = valuesOf(visit);
  const byKey = Object.keys(values)
    .filter((key) => key.startsWith('check-'))
    .map((key) => key.slice('check-'.length));
  const codes = [...new Set([...listOf(visit, 'check'), ...byKey])];
  const channelCode = values.channel ?? '';
  if (!isUuid(channelCode) || !codes.every(isUuid)) throw new HttpError(400, 'A code in this form is malformed.');
  const channel = await findChannel(deps.database.sql, channelCode);
  if (channel?.project_id !== access.project.id) throw forbidden('That integration is not in this project.');
  const [known] = await deps.database.sql<{ n: number }[]>`
    select count(*)::int as n from checks where project_id = ${access.project.id} and code = any (${codes}::uuid[])`;
  if (known?.n !== codes.length) throw forbidden('A check in this form is not in this project.');
  demand(await assignChecks(deps.database, { code: channel.code, projectId: access.project.id, checks: codes }));
  redirect(visit, `/projects/${access.project.code}/integrations/`, { kind: 'success', text: 'Saved.' });
}

/** POST /integrations/CH/name/ */
export async function rename(visit: ForChannel): Promise<void> {
  const name = (valuesOf(visit).name ?? '').trim();
  if ([...name].length > 100) throw new HttpError(400, 'Use at most 100 characters for the name.');
  const { channel, access, deps } = visit;
  demand(await renameChannel(deps.database, { code: channel.code, projectId: channel.project_id, name }));
  redirect(visit, `/projects/${access.project.code}/integrations/`, { kind: 'success', text: 'Saved.' });
}
