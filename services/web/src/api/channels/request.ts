import { findKind, KINDS, type Kind, type NotificationOptions } from '@overdue/notifications';
import { codePoints, isStorable, MAX_NAME, switchedOff } from '@overdue/operations';
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
        'number is chosen; objects for headers. When adding, those left out are as in a new form; when changing, as they ' +
        'were, unless they belong to one that is changed: the topic of a Telegram chat, the names of a Trello list, the ' +
        'key of a Zulip server. Never shown again.',
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

export type ChannelUpdate = z.output<typeof updateChannelSchema>;

export type Read<T> = { readonly value: T } | { readonly refusal: Reply };

/** The first thing that is wrong is what is refused. */
export function readRequest<T>(schema: z.ZodType<T>, body: Readonly<Record<string, unknown>>): Read<T> {
  const result = schema.safeParse(body);
  return result.success ? { value: result.data } : { refusal: invalid(result.error.issues[0]!.message) };
}

/** 400, in the words of the API's other validation errors. */
export function invalid(message: string): Reply {
  return jsonError(400, `json validation error: ${message}`);
}

/** The kind of that name, when it is switched on and has a form; else why not. */
export function formKind(
  name: string,
  options: NotificationOptions,
): { readonly value: FormKind } | { readonly problem: string } {
  const kind = findKind(name);
  if (!kind) return { problem: 'kind has unexpected value' };
  if (!kind.enabled(options)) return { problem: switchedOff(kind.kind) };
  if (!kind.form) return { problem: `kind ${kind.kind} can only be added in a browser` };
  return { value: kind as FormKind };
}
