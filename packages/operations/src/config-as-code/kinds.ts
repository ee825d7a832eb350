import { isDeepStrictEqual } from 'node:util';
import { type ReadSettings, readSettings, type SettableKind, type Setting, switchedOff } from '../channels/settings.ts';

/**
 * What config as code needs to know of the kinds of channels. packages/notifications knows them; its registry is handed
 * in by whoever calls (see {@link channelKinds}), since it may not be depended on from here.
 */
export interface ChannelKinds {
  /** Reads settings as the API does: the value to store and what it wants to hear of, or what is wrong. */
  parse(
    kind: string,
    settings: Readonly<Record<string, Setting>>,
  ):
    | { readonly ok: true; readonly value: unknown; readonly notify_down: boolean; readonly notify_up: boolean }
    | { readonly ok: false; readonly message: string };
  /** Why channels of the kind can be neither made nor changed on this site; null: they can. */
  refusal(kind: string): string | null;
  /** Whether two stored values are set to the same: what a form cannot say, and the order of keys, do not count. */
  same(kind: string, a: unknown, b: unknown): boolean;
  /** The settings that make a stored value; null: it cannot be written in a file. */
  fill(kind: string, value: unknown): Readonly<Record<string, string | boolean>> | null;
}

/** The part of a `Kind` of packages/notifications that is used. */
interface Kind<Options> {
  readonly kind: string;
  enabled(options: Options): boolean;
  readonly schema: { safeParse(value: unknown): { success: boolean; data?: unknown } };
  wants(value: never): { readonly down: boolean; readonly up: boolean };
  readonly form: (SettableKind['form'] & { fill(value: never): Record<string, string> }) | null;
}

/** From the registry of packages/notifications and its `notificationOptions`: `channelKinds(KINDS, options)`. */
export function channelKinds<Options>(kinds: readonly Kind<Options>[], options: Options): ChannelKinds {
  const find = (name: string) => kinds.find((kind) => kind.kind === name);
  return {
    parse(name, settings) {
      const kind = find(name);
      if (!kind) return { ok: false, message: `there is no kind "${name}"` };
      const { form } = kind;
      if (!form) return { ok: false, message: `kind ${name} can only be added in a browser` };
      const parsed: ReadSettings = readSettings({ kind: name, form }, withBooleans(form, settings));
      if (!parsed.ok) return parsed;
      const wants = kind.wants(parsed.value as never);
      return { ok: true, value: parsed.value, notify_down: wants.down, notify_up: wants.up };
    },
    same(name, a, b) {
      const kind = find(name);
      const meaning = (value: unknown) => {
        const stored = kind?.schema.safeParse(value);
        if (!kind?.form || !stored?.success) return null;
        // The channel's name has its own place in the file.
        const parsed = kind.form.parse({ ...kind.form.fill(stored.data as never), name: '' });
        return parsed.ok ? { value: parsed.value } : null;
      };
      const first = meaning(a);
      return first !== null && isDeepStrictEqual(first, meaning(b));
    },
    refusal(name) {
      return find(name)?.enabled(options) ? null : switchedOff(name);
    },
    fill(name, value) {
      const kind = find(name);
      const stored = kind?.schema.safeParse(value);
      if (!kind?.form || !stored?.success) return null;
      const filled = kind.form.fill(stored.data as never);
      const ticked = checkboxes(kind.form);
      const initial = new Map(kind.form.fields.map((field) => [field.name, field.initial]));
      // The channel's name has its own place in the file.
      const entries = Object.entries(filled).filter(
        ([field, text]) => field !== 'name' && (text !== '' || initial.get(field)),
      );
      return Object.fromEntries(entries.map(([field, text]) => [field, ticked.has(field) ? text === 'true' : text]));
    },
  };
}

function checkboxes(form: SettableKind['form']): ReadonlySet<string> {
  return new Set(form.fields.filter((field) => field.type === 'checkbox').map((field) => field.name));
}

/** `"true"` and `"false"` for a checkbox are what they say: a variable that is filled in is always text. */
function withBooleans(
  form: SettableKind['form'],
  settings: Readonly<Record<string, Setting>>,
): Record<string, Setting> {
  const ticked = checkboxes(form);
  const meant = ([name, value]: [string, Setting]): [string, Setting] =>
    ticked.has(name) && (value === 'true' || value === 'false') ? [name, value === 'true'] : [name, value];
  return Object.fromEntries(Object.entries(settings).map(meant));
}
