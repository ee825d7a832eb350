import { emailValue, findKind, type Kind } from '@overdue/notifications';
import { changeChannel, done, updateChannel } from '@overdue/operations';
import { type Errors, type Values, valuesOf } from '../../http/forms.ts';
import type { ForChannel } from '../../http/handlers.ts';
import { HttpError, notFound } from '../../http/http-error.ts';
import { redirect } from '../../http/redirect.ts';
import { demand } from '../checks/outcome.ts';
import { FormError } from '../components/fields.tsx';
import { FormActions } from '../components/form-actions.tsx';
import { Link, PostForm } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';
import { channelTitle } from './describe.ts';
import { KindFields } from './kind-form.tsx';
import { isVerifiedAtOnce, sendVerification } from './verification.ts';

function editableKind(visit: ForChannel): Kind & { form: NonNullable<Kind['form']> } {
  const { site, channel } = visit;
  const kind = findKind(channel.kind);
  if (!kind?.enabled(site.messages.delivery.options)) throw notFound();
  if (!kind.form?.editable)
    throw new HttpError(400, 'This kind of integration cannot be edited: remove it and add it anew.');
  return kind as Kind & { form: NonNullable<Kind['form']> };
}

/** GET /integrations/CH/edit/ */
export function showEditChannel(visit: ForChannel): Promise<void> {
  const kind = editableKind(visit);
  const stored = kind.schema.safeParse(visit.channel.value);
  const { name } = visit.channel;
  // Phones call the field of the name `label`; kinds that ask for no name have neither.
  const values = stored.success ? { ...kind.form.fill(stored.data), name, label: name } : {};
  return sendEditChannel(visit, kind, values, {});
}

/** POST /integrations/CH/edit/: the assignment stays; an e-mail channel may have to be confirmed again. */
export async function editChannel(visit: ForChannel): Promise<void> {
  const { channel, access, deps } = visit;
  const kind = editableKind(visit);
  const values = valuesOf(visit);
  const parsed = kind.form.parse(values);
  if (!parsed.ok) return sendEditChannel(visit, kind, values, parsed.errors, 400);
  const wants = kind.wants(parsed.value);
  const list = `/projects/${access.project.code}/integrations/`;
  const reference = { code: channel.code, projectId: channel.project_id };
  const change = {
    value: parsed.value,
    notify_down: wants.down,
    notify_up: wants.up,
    ...(parsed.name === undefined ? {} : { name: parsed.name }),
  };
  if (kind.kind !== 'email') {
    demand(await updateChannel(deps.database, { ...reference, ...change }));
    return redirect(visit, list, { kind: 'success', text: 'Saved.' });
  }
  const address = emailValue(parsed.value).value;
  const saved = await changeChannel(deps.database, reference, (row) => {
    const asBefore = address === emailValue(row.value).value && !row.disabled;
    return done({ ...change, email_verified: asBefore ? row.email_verified : isVerifiedAtOnce(visit, address) });
  });
  const { email_verified: verified } = demand(saved);
  redirect(
    visit,
    list,
    verified ? { kind: 'success', text: 'Saved.' } : await sendVerification(visit, channel.code, address),
  );
}

function sendEditChannel(visit: ForChannel, kind: Kind, values: Values, errors: Errors, status = 200): Promise<void> {
  const { access, channel } = visit;
  return sendPage(visit, {
    title: `Edit ${channelTitle(channel)}`,
    section: 'integrations',
    access,
    width: 'narrow',
    status,
    body: (
      <>
        <p class="crumbs">
          <Link to={`/projects/${access.project.code}/integrations/`}>Integrations</Link>
        </p>
        <h1>{channelTitle(channel)}</h1>
        <FormError errors={errors} />
        <PostForm action={`/integrations/${channel.code}/edit/`} class="stack">
          <KindFields kind={kind} values={values} errors={errors} />
          <FormActions submit="Save" cancel={`/projects/${access.project.code}/integrations/`} />
        </PostForm>
      </>
    ),
  });
}
