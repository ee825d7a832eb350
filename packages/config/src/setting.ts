/** What the table says about one variable. */
import type { ValueType } from './values/value-type.ts';

/** Who reads a variable. `start` is the supervisor behind `npm start`. */
export type Reader = 'start' | 'ingester' | 'web' | 'sendalerts' | 'sendreports';

export const EVERYONE: readonly Reader[] = ['start', 'ingester', 'web', 'sendalerts', 'sendreports'];

/** For a variable that is accepted and checked while nothing reads it. */
export const LATER = { readBy: [], later: true } as const;

/** The variables that other variables' defaults are made from. */
export interface DefaultInputs {
  readonly PORT: number;
  readonly PING_PORT: number;
  readonly DATA_DIR: string;
  readonly SITE_ROOT: string;
  readonly SITE_NAME: string;
  readonly LISTEN_IPV6: boolean;
  readonly LISTEN_HOST: string;
  readonly PING_HOST: string;
  readonly EMAIL_USE_SSL: boolean;
}

/** A default that depends on other variables, and how the documentation puts it. */
export interface DerivedDefault<T> {
  readonly words: string;
  readonly compute: (inputs: DefaultInputs) => T;
}

export interface Definition<T> {
  readonly type: ValueType<T>;
  /** Used when neither the variable nor its _FILE is set. */
  readonly default: { readonly value: T } | DerivedDefault<T>;
  /** Never shown: not in messages, logs, `doctor` or documentation. */
  readonly secret: boolean;
  /** Complete sentences, Markdown's `code` allowed. */
  readonly description: string;
  readonly readBy: readonly Reader[];
  /** Accepted and checked, but nothing reads it yet. */
  readonly later: boolean;
}

interface About {
  description: string;
  readBy: readonly Reader[];
  secret?: boolean;
  later?: boolean;
}

/** A variable with a fixed default. */
export function setting<T>(type: ValueType<T>, value: NoInfer<T>, about: About): Definition<T> {
  return { type, default: { value }, secret: false, later: false, ...about };
}

/** A variable whose default is made from others; `words` says how. */
export function derived<T>(
  type: ValueType<T>,
  words: string,
  compute: (inputs: DefaultInputs) => NoInfer<T>,
  about: About,
): Definition<T> {
  return { type, default: { words, compute }, secret: false, later: false, ...about };
}
