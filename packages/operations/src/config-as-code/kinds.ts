/**
 * What config as code needs to know of the kinds of channels. packages/notifications knows them; its registry is handed
 * in by whoever calls (see {@link channelKinds}), since it may not be depended on from here.
 */
export interface ChannelKinds {
  /** Reads settings as a form does: the value to store and what it wants to hear of, or what is wrong. */
  parse(
    kind: string,
    settings: Readonly<Record<string, string>>,
  ):
    | { readonly ok: true; readonly value: unknown; readonly notify_down: boolean; readonly notify_up: boolean }
    | { readonly ok: false; readonly message: string };
  /** The settings that make a stored value; null: it cannot be written in a file. */
  fill(kind: string, value: unknown): Readonly<Record<string, string>> | null;
}

/** The part of a `Kind` of packages/notifications that is used. */
interface Kind {
  readonly kind: string;
  readonly schema: { safeParse(value: unknown): { success: boolean; data?: unknown } };
  wants(value: never): { readonly down: boolean; readonly up: boolean };
  readonly form: {
    readonly fields: readonly { readonly name: string }[];
    parse(
      input: Readonly<Record<string, string | undefined>>,
    ): { ok: true; value: unknown } | { ok: false; errors: Readonly<Record<string, string>> };
    fill(value: never): Record<string, string>;
  } | null;
}

/** From the registry of packages/notifications: `channelKinds(KINDS)`. */
export function channelKinds(kinds: readonly Kind[]): ChannelKinds {
  const find = (name: string) => kinds.find((kind) => kind.kind === name);
  return {
    parse(name, settings) {
      const kind = find(name);
      if (!kind) return { ok: false, message: `there is no kind "${name}"` };
      if (!kind.form) return { ok: false, message: `kind ${name} can only be added in a browser` };
      const unknown = Object.keys(settings).find((key) => !kind.form!.fields.some((field) => field.name === key));
      if (unknown !== undefined) return { ok: false, message: `kind ${name} has no setting "${unknown}"` };
      const parsed = kind.form.parse(settings);
      if (!parsed.ok) {
        const [[field, message] = ['', '']] = Object.entries(parsed.errors);
        return { ok: false, message: `settings.${field}: ${message}` };
      }
      const wants = kind.wants(parsed.value as never);
      return { ok: true, value: parsed.value, notify_down: wants.down, notify_up: wants.up };
    },
    fill(name, value) {
      const kind = find(name);
      const stored = kind?.schema.safeParse(value);
      if (!kind?.form || !stored?.success) return null;
      const filled = kind.form.fill(stored.data as never);
      // The channel's name has its own place in the file.
      return Object.fromEntries(Object.entries(filled).filter(([field, text]) => field !== 'name' && text !== ''));
    },
  };
}
