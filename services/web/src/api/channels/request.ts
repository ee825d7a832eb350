import { findKind, KINDS, type Kind, type NotificationOptions } from '@overdue/notifications';
import { codePoints, isStorable, MAX_NAME } from '@overdue/operations';
import { z } from 'zod';
import type { Float } from '../http/json-parse.ts';
import { jsonError, type Reply } from '../http/reply.ts';

/** A kind that can be set up without a browser. */
export type FormKind = Kind & { readonly form: NonNullable<Kind['form']> };

const text = (field: string) =>
  z
    .string({ error: `${field} is not a string` })
    .refine(isStorable, { error: `${field} is not a string`, abort: true });

const NOT_CHECKS = 'checks is neither "*" nor a list of UUIDs';

const settingSchema = z.union([z.string(), z.boolean(), z.int()], {
  error: 'settings has a value that is neither text nor a number nor a boolean',
});

const fields = {
  kind: text('kind')
    .meta({ examples: KINDS.filter((kind) => kind.form).map((kind) => kind.kind) })
    .describe('Kind of integration; only when creating.'),
  name: text('name')
    .refine((value) => codePoints(value) <= MAX_NAME, { error: 'name is too long' })
    .meta({ maxLength: MAX_NAME })
    .describe('Name.'),
  settings: z
    .record(z.string(), settingSchema, { error: 'settings is not an object' })
    .describe('The fields of the form of that kind, by name. Never shown again.'),
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

export const updateChannelSchema = z.object(fields).omit({ kind: true }).partial().meta({ id: 'ChannelUpdate' });

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

/** What the kind's form makes of the settings: the value to store, or the first error by the order of its fields. */
export function readSettings(
  kind: FormKind,
  settings: Readonly<Record<string, string | boolean | number | Float>>,
): Read<{ readonly value: unknown; readonly name?: string }> {
  const input: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(settings)) {
    const written = typeof value === 'boolean' ? (value ? 'true' : '') : String(value);
    if (!isStorable(written)) return { refusal: invalid(`settings.${name} is not a string`) };
    if (!kind.form.fields.some((field) => field.name === name)) {
      return { refusal: invalid(`settings.${name} is not a setting of kind ${kind.kind}`) };
    }
    input[name] = written;
  }
  const parsed = kind.form.parse(input);
  if (parsed.ok) return { value: parsed };
  const [field, message] =
    kind.form.fields.map(({ name }) => [name, parsed.errors[name]] as const).find(([, error]) => error !== undefined) ??
    Object.entries(parsed.errors)[0]!;
  return { refusal: invalid(`settings.${field}: ${message}`) };
}
