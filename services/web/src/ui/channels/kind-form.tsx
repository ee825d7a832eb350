import type { Kind, Field as KindField } from '@overdue/notifications';
import { Fragment } from 'preact';
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
      {props.kind.kind === 'webhook' && <Placeholders />}
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

const PLACEHOLDERS = [
  ['$NAME', 'the name of the check'],
  ['$STATUS', 'up or down'],
  ['$CODE', "the check's code"],
  ['$SLUG', 'its slug'],
  ['$TAGS', 'its tags; $TAG1, $TAG2, … one of them'],
  ['$NOW', 'when the status changed, in UTC'],
  ['$EXITSTATUS', 'of the last ping; -1 when it had none'],
  ['$NAME_JSON', 'the name as a JSON string, quotes included'],
  ['$JSON', 'the check as the management API shows it'],
  ['$BODY', 'the body of the last ping (in bodies only); $BODY_JSON as a JSON string'],
] as const;

/** What a webhook's URL, headers and body may contain (integrations.md, webhook). */
function Placeholders() {
  return (
    <details class="usage">
      <summary>Placeholders for URL, headers and body</summary>
      <dl class="facts">
        {PLACEHOLDERS.map(([name, meaning]) => (
          <Fragment key={name}>
            <dt>
              <code>{name}</code>
            </dt>
            <dd>{meaning}</dd>
          </Fragment>
        ))}
      </dl>
    </details>
  );
}
