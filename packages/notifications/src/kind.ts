import type { z } from 'zod';
import type { Message } from './message/message.ts';
import type { NotificationOptions } from './options.ts';
import type { TransportResult } from './result.ts';

/** One kind of channel: everything the product knows about an integration. One folder of `kinds/` each. */
export interface Kind<Value = unknown> {
  /** As stored in `channels.kind` and used in paths: `add_<kind>`. */
  readonly kind: string;
  readonly label: string;
  /** What comes after `add_` in the path of its page, when that is not `kind`. */
  readonly addPath?: string;
  /** One sentence for the list of integrations to add. */
  readonly blurb: string;
  /** An SVG element, 24 × 24, drawn with `currentColor` or its own colours. */
  readonly icon: string;
  /** False: switched off by configuration; not offered, pages answer 404. */
  enabled(options: NotificationOptions): boolean;
  /** What is stored in `channels.value`. */
  readonly schema: z.ZodType<Value>;
  /** Which status changes it wants, from its value: stored as `notify_down`, `notify_up`. */
  wants(value: Value): Wanted;
  /** What to show of a channel beside its name: an address, a host, … */
  describe(value: Value): string;
  /** What those see instead who hold no more than an API key, when what `describe` says holds part of a secret. */
  summary?(value: Value): string;
  /** How it is entered and edited. Null: it is added in another way (OAuth, …). */
  readonly form: Form<Value> | null;
  /** What is up or down as one: usually the host and port of the receiver that is told of `status`. */
  destination(value: Value, options: NotificationOptions, status: 'up' | 'down'): string;
  send(message: Message<Value>): Promise<TransportResult>;
}

export interface Wanted {
  readonly down: boolean;
  readonly up: boolean;
}

/** The form of a kind, for the web service to render and read. */
export interface Form<Value> {
  readonly fields: readonly Field[];
  /** Can it be changed after it was added? (integrations.md 0.1 rule 4) */
  readonly editable: boolean;
  /** Reads what was entered (missing fields as undefined). */
  parse(input: Readonly<Record<string, string | undefined>>): Parsed<Value>;
  /** What the fields hold for a stored value, to edit it. */
  fill(value: Value): Record<string, string>;
}

export type Parsed<Value> =
  /** `name`: also the channel's name, when the form asks for one. */
  | { readonly ok: true; readonly value: Value; readonly name?: string }
  /** Messages by field. */
  | { readonly ok: false; readonly errors: Readonly<Record<string, string>> };

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly type: 'text' | 'email' | 'url' | 'textarea' | 'checkbox' | 'select' | 'password';
  readonly max?: number;
  readonly help?: string;
  readonly placeholder?: string;
  readonly required?: boolean;
  /** For selects. */
  readonly choices?: readonly { readonly value: string; readonly label: string }[];
  /** What a new form holds; a checkbox: `true` or empty. */
  readonly initial?: string;
  /** Of a textarea: it holds one `Name: value` a line. Where forms are documents, an object says the same. */
  readonly pairs?: true;
  /** Another field, which this one belongs to: where that one is changed alone, what this one held is dropped. */
  readonly of?: string;
  /** Fields with the same group stand together under its title. */
  readonly group?: string;
}

/** Keeps the type of a kind's value while its methods are written. */
export function defineKind<Value>(kind: Kind<Value>): Kind<Value> {
  return kind;
}
