import { emailValue, findKindByPath, type Kind } from '@overdue/notifications';
import { createChannel } from '@overdue/operations';
import { type Errors, type Values, valuesOf } from '../../http/forms.ts';
import type { InProject } from '../../http/handlers.ts';
import { notFound } from '../../http/http-error.ts';
import { redirect } from '../../http/redirect.ts';
import { demand } from '../checks/outcome.ts';
import { FormError } from '../components/fields.tsx';
import { FormActions } from '../components/form-actions.tsx';
import { Link, PostForm } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';
import { KindFields } from './kind-form.tsx';
import { isVerifiedAtOnce, sendVerification } from './verification.ts';

/** By `add_KIND` in the path (integrations.md 0.1 rule 11); switched off or without a form: 404. */
function kindOf(visit: InProject): Kind & { form: NonNullable<Kind['form']> } {
  const { site, req } = visit;
  const kind = findKindByPath(String(req.params.kind));
  if (!kind?.form || !kind.enabled(site.messages.delivery.options)) throw notFound();
  return kind as Kind & { form: NonNullable<Kind['form']> };
}

/** GET /projects/P/add_KIND/ */
export function showAddChannel(visit: InProject): Promise<void> {
  const kind = kindOf(visit);
  const initial = Object.fromEntries(kind.form.fields.map((field) => [field.name, field.initial ?? '']));
  return sendAddChannel(visit, kind, initial, {});
}

/** POST /projects/P/add_KIND/: assigned to all checks of the project at once (integrations.md 0.1 rule 3). */
export async function addChannel(visit: InProject): Promise<void> {
  const { deps, access } = visit;
  const kind = kindOf(visit);
  const values = valuesOf(visit);
  const parsed = kind.form.parse(values);
  if (!parsed.ok) return sendAddChannel(visit, kind, values, parsed.errors, 400);
  const wants = kind.wants(parsed.value);
  const address = kind.kind === 'email' ? emailValue(parsed.value).value : null;
  const verified = address !== null && isVerifiedAtOnce(visit, address);
  const channel = demand(
    await createChannel(deps.database, deps.clock, {
      projectId: access.project.id,
      kind: kind.kind,
      value: parsed.value,
      name: parsed.name ?? '',
      notify_down: wants.down,
      notify_up: wants.up,
      email_verified: verified,
    }),
  );
  const flash =
    address !== null && !verified
      ? await sendVerification(visit, channel.code, address)
      : { kind: 'success' as const, text: `${kind.label} is added, for all checks of this project. Send a test?` };
  redirect(visit, `/projects/${access.project.code}/integrations/`, flash);
}

function sendAddChannel(visit: InProject, kind: Kind, values: Values, errors: Errors, status = 200): Promise<void> {
  const { access } = visit;
  return sendPage(visit, {
    title: `Add ${kind.label}`,
    section: 'integrations',
    access,
    width: 'narrow',
    status,
    body: (
      <>
        <p class="crumbs">
          <Link to={`/projects/${access.project.code}/integrations/`}>Integrations</Link>
        </p>
        <h1>Add {kind.label}</h1>
        <p class="lead">{kind.blurb}</p>
        <FormError errors={errors} />
        <PostForm action={`/projects/${access.project.code}/add_${kind.addPath ?? kind.kind}/`} class="stack">
          <KindFields kind={kind} values={values} errors={errors} />
          <FormActions submit="Add the integration" cancel={`/projects/${access.project.code}/integrations/`} />
        </PostForm>
      </>
    ),
  });
}
