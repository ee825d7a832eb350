import { updateCheck } from '@overdue/operations';
import { type Errors, parseForm, type Values, valuesOf } from '../../http/forms.ts';
import type { ForCheck } from '../../http/handlers.ts';
import { redirect } from '../../http/redirect.ts';
import { CheckboxField, FormError, TextAreaField, TextField } from '../components/fields.tsx';
import { FormActions } from '../components/form-actions.tsx';
import { PostForm } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';
import { afterEdit, EditedFrom } from './back.tsx';
import { checkTitle } from './check.ts';
import { nameFields, slugOf, valuesOfCheck } from './forms.ts';

/** GET /checks/C/name/ */
export function showName(visit: ForCheck): Promise<void> {
  return sendName(visit, valuesOfCheck(visit.check), {});
}

/** POST /checks/C/name/: name, slug, tags, description. */
export async function saveName(visit: ForCheck): Promise<void> {
  const values = valuesOf(visit);
  const form = parseForm(nameFields, values);
  if (!form.ok) return sendName(visit, values, form.errors, 400);
  const fields = { ...form.data, slug: slugOf(values, form.data.name, form.data.slug) };
  const outcome = await updateCheck(visit.deps.database, { code: visit.check.code, fields });
  if (!outcome.ok) return sendName(visit, values, { '': outcome.message }, 400);
  redirect(visit, afterEdit(visit), { kind: 'success', text: 'Saved.' });
}

function sendName(visit: ForCheck, values: Values, errors: Errors, status = 200): Promise<void> {
  const { check, access } = visit;
  return sendPage(visit, {
    title: `Edit ${checkTitle(check)}`,
    section: 'checks',
    access,
    width: 'narrow',
    status,
    body: (
      <>
        <h1>Name and tags</h1>
        <FormError errors={errors} />
        <PostForm action={`/checks/${check.code}/name/`} class="stack">
          <EditedFrom visit={visit} />
          <TextField name="name" label="Name" maxlength={100} autocomplete="off" values={values} errors={errors} />
          <SlugFields values={values} errors={errors} />
          <TextField
            name="tags"
            label="Tags"
            autocomplete="off"
            values={values}
            errors={errors}
            hint="Words separated by spaces."
          />
          <TextAreaField
            name="desc"
            label="Description"
            rows={5}
            values={values}
            errors={errors}
            hint="What to do when this check is down? It is part of the alerts."
          />
          <FormActions submit="Save" cancel={`/checks/${check.code}/details/`} />
        </PostForm>
      </>
    ),
  });
}

/** The slug, for ping URLs that say what they are for; made from the name when the field is left empty. */
export function SlugFields({ values, errors }: { readonly values: Values; readonly errors: Errors }) {
  return (
    <div>
      <TextField
        name="slug"
        label="Slug"
        class="mono"
        maxlength={100}
        autocomplete="off"
        spellcheck={false}
        values={values}
        errors={errors}
        hint="For ping URLs by name: lower-case letters, digits, hyphens, underscores."
      />
      <CheckboxField
        name="slug_from_name"
        label="When empty, make it from the name"
        checked={Boolean(values.slug_from_name)}
      />
    </div>
  );
}
