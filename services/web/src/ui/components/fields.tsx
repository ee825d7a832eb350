import type { ComponentChildren } from 'preact';
import type { Errors, Values } from '../../http/forms.ts';

interface InputProps {
  readonly type?: 'text' | 'email' | 'password';
  readonly class?: string;
  readonly placeholder?: string;
  readonly autocomplete?: string;
  readonly list?: string;
  readonly inputmode?: 'url' | undefined;
  readonly maxlength?: number | undefined;
  readonly minlength?: number;
  readonly required?: boolean | undefined;
  readonly autofocus?: boolean;
  readonly spellcheck?: boolean;
}

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly hint?: ComponentChildren | undefined;
  readonly values: Values;
  readonly errors: Errors;
}

/** A labelled input; what is wrong with it stands below it and is tied to it for screen readers. */
export function TextField({ name, label, hint, values, errors, type = 'text', ...rest }: FieldProps & InputProps) {
  return (
    <Field name={name} label={label} hint={hint} errors={errors}>
      <input
        id={`f-${name}`}
        name={name}
        type={type as 'text'}
        value={values[name] ?? ''}
        {...described(name, hint, errors)}
        {...rest}
      />
    </Field>
  );
}

export function TextAreaField(
  props: FieldProps & { readonly rows: number; readonly mono?: boolean; readonly placeholder?: string | undefined },
) {
  const { name, label, hint, values, errors, rows, mono, placeholder } = props;
  return (
    <Field name={name} label={label} hint={hint} errors={errors}>
      <textarea
        id={`f-${name}`}
        name={name}
        rows={rows}
        class={mono ? 'mono' : ''}
        placeholder={placeholder}
        {...described(name, hint, errors)}
        value={values[name] ?? ''}
      />
    </Field>
  );
}

export function SelectField(
  props: FieldProps & { readonly options: readonly (readonly [value: string, label: string])[] },
) {
  const { name, label, hint, values, errors, options } = props;
  return (
    <Field name={name} label={label} hint={hint} errors={errors}>
      <select id={`f-${name}`} name={name} {...described(name, hint, errors)}>
        {options.map(([value, text]) => (
          <option key={value} value={value} selected={values[name] === value}>
            {text}
          </option>
        ))}
      </select>
    </Field>
  );
}

/** A field with an input of its own; give the input the id `f-NAME`. */
export function Field(props: {
  readonly name: string;
  readonly label: string;
  readonly hint?: ComponentChildren | undefined;
  readonly errors: Errors;
  readonly children: ComponentChildren;
}) {
  const error = props.errors[props.name];
  return (
    <div class={`field ${error ? 'has-error' : ''}`}>
      <label for={`f-${props.name}`}>{props.label}</label>
      {props.children}
      {error && (
        <p class="field-error" id={`e-${props.name}`}>
          {error}
        </p>
      )}
      {props.hint && (
        <p class="field-hint" id={`h-${props.name}`}>
          {props.hint}
        </p>
      )}
    </div>
  );
}

/** The attributes that tie an input to its hint and its error. */
export function described(name: string, hint: ComponentChildren, errors: Errors) {
  const ids = [errors[name] ? `e-${name}` : '', hint ? `h-${name}` : ''].filter(Boolean).join(' ');
  return {
    ...(ids ? { 'aria-describedby': ids } : {}),
    ...(errors[name] ? { 'aria-invalid': 'true' as const } : {}),
  };
}

export function CheckboxField(props: {
  readonly name: string;
  readonly label: ComponentChildren;
  readonly checked: boolean;
  readonly value?: string;
  readonly hint?: ComponentChildren | undefined;
}) {
  return (
    <label class="choice">
      <input type="checkbox" name={props.name} value={props.value ?? 'on'} checked={props.checked} />
      <span>
        {props.label}
        {props.hint && <small>{props.hint}</small>}
      </span>
    </label>
  );
}

export function RadioGroup(props: {
  readonly name: string;
  readonly legend: string;
  readonly value: string;
  readonly options: readonly (readonly [value: string, label: string, hint?: string])[];
  readonly row?: boolean;
}) {
  return (
    <fieldset class={`choices ${props.row ? 'choices-row' : ''}`}>
      <legend>{props.legend}</legend>
      {props.options.map(([value, label, hint]) => (
        <label key={value} class="choice">
          <input type="radio" name={props.name} value={value} checked={props.value === value} />
          <span>
            {label}
            {hint && <small>{hint}</small>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/** What is wrong with the form as a whole. */
export function FormError({ errors }: { readonly errors: Errors }) {
  const count = Object.keys(errors).filter((name) => name !== '').length;
  const text = errors[''] ?? (count > 0 ? 'Nothing was saved yet: see the marked fields.' : null);
  return text ? (
    <p class="notice notice-error" role="alert">
      {text}
    </p>
  ) : null;
}
