import { isStorable } from '../checks/fields.ts';

/** What a document, JSON or YAML, may give for one field of a kind's form. */
export type Setting = string | number | boolean | Readonly<Record<string, string>>;

/** The part of a `Field` of packages/notifications that is used. */
interface SettingField {
  readonly name: string;
  readonly type: string;
  readonly choices?: readonly { readonly value: string }[];
  readonly initial?: string;
  readonly pairs?: true;
  readonly of?: string;
}

/** The part of a `Kind` that can be set up without a browser. */
export interface SettableKind {
  readonly kind: string;
  readonly form: {
    readonly fields: readonly SettingField[];
    parse(
      input: Readonly<Record<string, string | undefined>>,
    ):
      | { readonly ok: true; readonly value: unknown; readonly name?: string }
      | { readonly ok: false; readonly errors: Readonly<Record<string, string>> };
  };
}

export type ReadSettings =
  /** `name`: also the channel's name, when the form asks for one. */
  | { readonly ok: true; readonly value: unknown; readonly name?: string }
  | { readonly ok: false; readonly message: string };

/**
 * What the kind's form makes of settings in a document: the value to store, or the first error by the order of its
 * fields. The API and config as code read them alike.
 * @param before what the form's fields hold already; absent: what those of a new form do
 */
export function readSettings(
  kind: SettableKind,
  settings: Readonly<Record<string, Setting>>,
  before: Readonly<Record<string, string>> = newForm(kind.form.fields),
): ReadSettings {
  const input: Record<string, string> = Object.assign(Object.create(null), before);
  for (const [name, value] of Object.entries(settings)) {
    const field = kind.form.fields.find((known) => known.name === name);
    if (!field) return { ok: false, message: `settings.${name} is not a setting of kind ${kind.kind}` };
    const entered = asEntered(field, value);
    if ('problem' in entered) return { ok: false, message: `settings.${name} ${entered.problem}` };
    if (!isStorable(entered.text)) return { ok: false, message: `settings.${name} is not a string` };
    input[name] = entered.text;
  }
  for (const { name, type, of, initial } of kind.form.fields) {
    if (of === undefined || input[of] === before[of] || Object.hasOwn(settings, name)) continue;
    if (type === 'password' && before[name]) {
      return { ok: false, message: `settings.${name} has to be sent with another settings.${of}` };
    }
    input[name] = initial ?? '';
  }
  const parsed = kind.form.parse(input);
  if (parsed.ok) return parsed;
  const [field, message] =
    kind.form.fields.map(({ name }) => [name, parsed.errors[name]] as const).find(([, error]) => error !== undefined) ??
    Object.entries(parsed.errors)[0]!;
  return { ok: false, message: `settings.${field}: ${message}` };
}

function newForm(fields: readonly SettingField[]): Record<string, string> {
  return Object.fromEntries(fields.map(({ name, initial }) => [name, initial ?? '']));
}

/** Why a channel of a known kind cannot be made or changed where that kind is switched off. */
export function switchedOff(kind: string): string {
  return `kind ${kind} is switched off on this site`;
}

/** A setting as somebody would enter it in the form's field, or why it is none. */
function asEntered(field: SettingField, value: Setting): { readonly text: string } | { readonly problem: string } {
  if (field.type === 'checkbox') {
    return typeof value === 'boolean' ? { text: value ? 'true' : '' } : { problem: 'is not a boolean' };
  }
  if (typeof value === 'string') return { text: value };
  if (typeof value === 'number' && field.choices?.every((choice) => /^-?\d+$/.test(choice.value))) {
    return { text: String(value) };
  }
  if (!field.pairs) return { problem: 'is not a string' };
  if (typeof value !== 'object') return { problem: 'is neither a string nor an object' };
  const pairs = Object.entries(value);
  // Else one header could pass for two.
  const broken = pairs.find(([name, text]) => /[:\r\n]/.test(name) || /[\r\n]/.test(text));
  if (broken) return { problem: `has a colon or line break where none may be, in ${JSON.stringify(broken[0])}` };
  return { text: pairs.map(([name, text]) => `${name}: ${text}`).join('\n') };
}
