/**
 * The table of every variable. Parsing, `overdue help config`, docs/configuration.md and the type {@link Config} are
 * all made from it; there is no second place to edit when a variable is added.
 */
import type { Definition, Reader } from './setting.ts';
import { database, queue } from './table/database.ts';
import { email } from './table/email.ts';
import { integrations } from './table/integrations.ts';
import { pings } from './table/pings.ts';
import { processes } from './table/processes.ts';
import { site } from './table/site.ts';
import { storage } from './table/storage.ts';

export const GROUPS = {
  'The site': site,
  Processes: processes,
  Pings: pings,
  Database: database,
  'Delivery queue': queue,
  'Outgoing e-mail': email,
  Integrations: integrations,
  'Object storage': storage,
} as const;

export type Group = keyof typeof GROUPS;

export const TABLE = {
  ...site,
  ...processes,
  ...pings,
  ...database,
  ...queue,
  ...email,
  ...integrations,
  ...storage,
} as const;

export type Name = keyof typeof TABLE;

/** Every variable's value, under the variable's own name. */
export type Config = {
  readonly [N in Name]: (typeof TABLE)[N] extends Definition<infer T> ? T : never;
};

/** One row of the table, with everything in words. */
export interface Setting {
  readonly name: Name;
  readonly group: Group;
  /** bool, int, text, list, url… */
  readonly type: string;
  /** What may be written, in words. */
  readonly allowed: string;
  /** The default as one would write it in the environment, or in words when it depends on other variables. */
  readonly defaultText: string;
  readonly secret: boolean;
  readonly later: boolean;
  readonly description: string;
  readonly readBy: readonly Reader[];
}

function describe(group: Group, name: Name, definition: Definition<never>): Setting {
  const { type, secret, later, description, readBy } = definition;
  const defaultText =
    'words' in definition.default ? definition.default.words : quote(type.print(definition.default.value));
  return { name, group, type: type.name, allowed: type.allowed, defaultText, secret, later, description, readBy };
}

function quote(text: string): string {
  return text === '' ? 'none' : `\`${text}\``;
}

/** The table, in the order of the documentation. */
export const SETTINGS: readonly Setting[] = Object.entries(GROUPS).flatMap(([group, definitions]) =>
  Object.entries(definitions).map(([name, definition]) =>
    describe(group as Group, name as Name, definition as unknown as Definition<never>),
  ),
);
