import { type Field, findKind, KINDS, type Kind, type NotificationOptions } from '@overdue/notifications';
import { codePoints, isStorable, MAX_NAME } from '@overdue/operations';
import { z } from 'zod';
import { jsonError, type Reply } from '../http/reply.ts';

/** A kind that can be set up without a browser. */
export type FormKind = Kind & { readonly form: NonNullable<Kind['form']> };

const text = (field: string) =>
  z
    .string({ error: `${field} is not a string` })
    .refine(isStorable, { error: `${field} is not a string`, abort: true });

const NOT_CHECKS = 'checks is neither "*" nor a list of UUIDs';

const settingSchema = z.union([z.string(), z.boolean(), z.int(), z.record(z.string(), z.string())], {
  error: ({ path }) =>
    `settings.${String(path?.at(-1))} is neither text nor a number nor a boolean nor an object of texts`,
});

type Setting = z.output<typeof settingSchema>;

const fields = {
  kind: text('kind')
    .meta({ examples: KINDS.filter((kind) => kind.form).map((kind) => kind.kind) })
    .describe('Kind of integration. It cannot be changed.'),
  name: text('name')
    .refine((value) => codePoints(value) <= MAX_NAME, { error: 'name is too long' })
    .meta({ maxLength: MAX_NAME })
    .describe('Name.'),
  settings: z
    .record(z.string(), settingSchema, { error: 'settings is not an object' })
    .describe(
      'The fields of the form of that kind, by name: booleans for what is ticked, texts for all else; numbers where a ' +
        'number is chosen; objects for headers. Never shown again.',
    ),
  checks: z
    .union([z.literal('*'), z.array(z.uuid({ error: NOT_CHECKS }), { error: NOT_CHECKS })], { error: NOT_CHECKS })
    .describe('Checks to assign it to: `*` for all of the project, or a list of UUIDs. Default when creating: `*`.'),
  disabled: z.boolean({ error: 'disabled is not a boolean' }).describe('Whether it is switched off.'),
};

export const createChannelSchema = z
  .object(fields)
  .omit({ disabled: true })
  .partial({ name: true, checks: true })
  .meta({ id: 'ChannelCreate' });

export const updateChannelSchema = z.object(fields).partial().meta({ id: 'ChannelUpdate' });

export type Read<T> = { readonly value: T } | { readonly refusal: Reply };

export function readRequest<T>(schema: z.ZodType<T>, body: Readonly<Record<string, unknown>>): Read<T> {
  const result = schema.safeParse(body);
  return result.success ? { value: result.data } : { refusal: invalid(result.error.issues[0]!.message) };
}

export function invalid(message: string): Reply {
  return jsonError(400, `json validation error: ${message}`);
}

/** The kind of that name, when it is switched on and has a form; else why not. */
export function formKind(name: string, options: NotificationOptions): Read<FormKind> {
  const kind = findKind(name);
  if (!kind) return { refusal: invalid('kind has unexpected value') };
  if (!kind.enabled(options)) return { refusal: invalid(`kind ${kind.kind} is switched off on this site`) };
  if (!kind.form) return { refusal: invalid(`kind ${kind.kind} can only be added in a browser`) };
  return { value: kind as FormKind };
}

/**
 * What the kind's form makes of the settings: the value to store, or the first error by the order of its fields.
 * @param before what the form's fields hold already
 */
export function readSettings(
  kind: FormKind,
  settings: Readonly<Record<string, Setting>>,
  before: Readonly<Record<string, string>> = {},
): Read<{ readonly value: unknown; readonly name?: string }> {
  const input: Record<string, string> = Object.assign(Object.create(null), before);
  for (const [name, value] of Object.entries(settings)) {
    const field = kind.form.fields.find((known) => known.name === name);
    if (!field) return { refusal: invalid(`settings.${name} is not a setting of kind ${kind.kind}`) };
    const entered = asEntered(field, value);
    if ('problem' in entered) return { refusal: invalid(`settings.${name} ${entered.problem}`) };
    if (!isStorable(entered.text)) return { refusal: invalid(`settings.${name} is not a string`) };
    input[name] = entered.text;
  }
  const parsed = kind.form.parse(input);
  if (parsed.ok) return { value: parsed };
  const [field, message] =
    kind.form.fields.map(({ name }) => [name, parsed.errors[name]] as const).find(([, error]) => error !== undefined) ??
    Object.entries(parsed.errors)[0]!;
  return { refusal: invalid(`settings.${field}: ${message}`) };
}

/** A setting as somebody would enter it in the form's field, or why it is none. */
function asEntered(field: Field, value: Setting): { readonly text: string } | { readonly problem: string } {
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
