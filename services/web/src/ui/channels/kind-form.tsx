import type { Kind, Field as KindField } from '@overdue/notifications';
import { groupBy } from '../../group-by.ts';
import type { Errors, Values } from '../../http/forms.ts';
import { CheckboxField, SelectField, TextAreaField, TextField } from '../components/fields.tsx';

/** The fields that a kind of integration asks for (packages/notifications defines them), grouped under their titles. */
export function KindFields(props: { readonly kind: Kind; readonly values: Values; readonly errors: Errors }) {
  const groups = groupBy(props.kind.form?.fields ?? [], (field) => field.group ?? '');
  return (
    <>
      {[...groups].map(([title, fields]) =>
        title === '' ? (
          <Fields key={title} {...props} fields={fields} />
        ) : (
          <fieldset key={title} class="group">
            <legend>{title}</legend>
            <Fields {...props} fields={fields} />
          </fieldset>
        ),
      )}
    </>
  );
}

function Fields(props: { readonly fields: readonly KindField[]; readonly values: Values; readonly errors: Errors }) {
  const { values, errors } = props;
  return (
    <>
      {props.fields.map((field) => {
        const { name, label, help, placeholder, max, required } = field;
        const shared = {
          name,
          label,
          values,
          errors,
          ...(help ? { hint: help } : {}),
          ...(placeholder ? { placeholder } : {}),
        };
        switch (field.type) {
          case 'checkbox':
            return (
              <div key={name}>
                <CheckboxField
                  name={name}
                  label={label}
                  value="true"
                  checked={Boolean(values[name])}
                  {...(help ? { hint: help } : {})}
                />
                {errors[name] && <p class="field-error">{errors[name]}</p>}
              </div>
            );
          case 'select':
            return (
              <SelectField
                key={name}
                {...shared}
                options={(field.choices ?? []).map((c) => [c.value, c.label] as const)}
              />
            );
          case 'textarea':
            return <TextAreaField key={name} {...shared} rows={3} mono />;
          default:
            // `url` is not an input type here: browsers would refuse the placeholders that URLs may hold.
            return (
              <TextField
                key={name}
                {...shared}
                type={field.type === 'url' ? 'text' : field.type}
                inputmode={field.type === 'url' ? 'url' : undefined}
                maxlength={max}
                required={required}
                autocomplete="off"
              />
            );
        }
      })}
    </>
  );
}
