import { slugify } from '@overdue/checks';
import { type Document, LineCounter, parseDocument, visit, type YAMLError } from 'yaml';
import type { Setting } from '../channels/settings.ts';
import { applyRequest } from '../checks/apply-request.ts';
import { codePoints, isStorable, MAX_NAME, parseCheckRequest } from '../checks/fields.ts';
import { EDITABLE_COLUMNS, type EditableColumns, NEW_CHECK } from '../checks/row.ts';
import { parseDuration } from './duration.ts';

/** What a file says should be. */
export interface Wanted {
  readonly checks: readonly WantedCheck[];
  /** The file has a list of checks, be it an empty one. */
  readonly listsChecks: boolean;
  readonly channels: readonly WantedChannel[];
}

export interface WantedCheck {
  readonly slug: string;
  /** Every editable column: what the file leaves out has its default. */
  readonly columns: EditableColumns;
  /** Names and UUIDs; `*`: all of the project; undefined: not the file's business. */
  readonly channels: '*' | readonly string[] | undefined;
}

export interface WantedChannel {
  readonly name: string;
  readonly kind: string;
  /** With `${NAME}` filled in; undefined: those that it has. */
  readonly settings: Readonly<Record<string, Setting>> | undefined;
}

/** The schedule says the kind. */
const CHECK_KEYS = [...EDITABLE_COLUMNS.filter((column) => column !== 'kind'), 'channels'];
const CHANNEL_KEYS = ['name', 'kind', 'settings'];

/** Reads a file. All that is wrong with it is said at once, each with where it is. */
export function readFile(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): { readonly ok: true; readonly wanted: Wanted } | { readonly ok: false; readonly errors: readonly string[] } {
  const lines = new LineCounter();
  // The library would warn of a mapping's key that is a list or mapping; here it is a member that is not known.
  const options = { prettyErrors: false, uniqueKeys: true, logLevel: 'error' } as const;
  const document = parseDocument(text, { ...options, lineCounter: lines });
  const tooDeep = document.errors.find(({ message }) => message.includes('call stack'));
  if (tooDeep) return { ok: false, errors: [`${place(lines, tooDeep)}: lists and mappings are nested too deeply`] };
  const errors = document.errors.map((error) => {
    // The library's words are for whoever calls it.
    const message = error.code === 'MULTIPLE_DOCS' ? 'a second document begins; there may be one' : error.message;
    return `${place(lines, error)}: ${message}`;
  });
  if (errors.length > 0) return { ok: false, errors };

  numbersAsWritten(document);
  let root: unknown;
  try {
    root = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return { ok: false, errors: [(error as Error).message] };
  }
  const reader = new Reader(env);
  const wanted = reader.root(root);
  return reader.errors.length > 0 ? { ok: false, errors: reader.errors } : { ok: true, wanted };
}

function place(lines: LineCounter, { pos: [start] }: YAMLError): string {
  const { line, col } = lines.linePos(start);
  return `line ${line}, column ${col}`;
}

/**
 * Makes each number the text that stands there: nothing in a file is a number but lengths of time, and to whoever writes
 * `007`, `1.10` or `+15550123` elsewhere it is a text.
 */
function numbersAsWritten(document: Document): void {
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value === 'number' && node.source !== undefined) node.value = node.source;
    },
  });
}

class Reader {
  readonly errors: string[] = [];
  readonly #env: Readonly<Record<string, string | undefined>>;

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#env = env;
  }

  root(value: unknown): Wanted {
    const root = this.#object('the file', value ?? {}, ['checks', 'channels']);
    const channels = this.#list('channels', root.channels).map((item, i) => this.#channel(`channels[${i}]`, item));
    const checks = this.#list('checks', root.checks).map((item, i) => this.#check(`checks[${i}]`, item));
    this.#unique(
      'slug',
      checks.map((check) => check?.slug ?? ''),
    );
    this.#unique(
      'channel name',
      channels.map((channel) => channel?.name ?? ''),
    );
    return {
      checks: checks.filter((c) => c !== null),
      listsChecks: Array.isArray(root.checks),
      channels: channels.filter((c) => c !== null),
    };
  }

  #check(at: string, value: unknown): WantedCheck | null {
    const before = this.errors.length;
    const item = this.#object(at, value, CHECK_KEYS);
    const { slug, channels, tags, timeout, grace, ...rest } = item;
    if (typeof slug !== 'string' || slug === '') {
      this.#fail(at, 'needs a slug: checks are told apart by it');
      return null;
    }
    const place = `${at} (${slug})`;
    if (rest.schedule !== undefined && timeout !== undefined) this.#fail(place, 'has both schedule and timeout');
    const request: Record<string, unknown> = { name: slug, ...rest, slug };
    for (const [field, given] of Object.entries({ timeout, grace })) {
      if (given === undefined) continue;
      const seconds = parseDuration(given);
      if (seconds === null) this.#fail(place, `${field} is not a length of time, such as 90s, 5m, 1h 30m or 1d`);
      else request[field] = seconds;
    }
    if (tags !== undefined) request.tags = this.#tags(place, tags);
    const parsed = parseCheckRequest(request);
    if (!parsed.ok) this.#fail(place, this.#hint(parsed.message, slug));
    const links = channels === undefined ? undefined : this.#links(place, channels);
    if (this.errors.length > before || !parsed.ok) return null;
    return { slug, columns: { ...NEW_CHECK, ...applyRequest(NEW_CHECK, parsed.request, false) }, channels: links };
  }

  #channel(at: string, value: unknown): WantedChannel | null {
    const before = this.errors.length;
    const { name, kind, settings } = this.#object(at, value, CHANNEL_KEYS);
    if (typeof name !== 'string' || name === '') this.#fail(at, 'needs a name: integrations are told apart by it');
    else if (codePoints(name) > MAX_NAME || !isStorable(name)) this.#fail(at, 'name is too long or cannot be stored');
    if (typeof kind !== 'string' || kind === '') this.#fail(at, 'needs a kind, such as email or webhook');
    const place = typeof name === 'string' ? `${at} (${name})` : at;
    const read = settings === undefined ? undefined : this.#settings(place, settings);
    if (this.errors.length > before) return null;
    return { name: name as string, kind: kind as string, settings: read };
  }

  #settings(at: string, value: unknown): Record<string, Setting> {
    const settings: Record<string, Setting> = {};
    for (const [name, given] of Object.entries(this.#object(`${at} settings`, value))) {
      const setting = this.#setting(at, given);
      if (setting !== undefined) settings[name] = setting;
      else this.#fail(at, `settings.${name} is neither text nor true or false nor a mapping of texts`);
    }
    return settings;
  }

  #setting(at: string, given: unknown): Setting | undefined {
    if (typeof given === 'boolean') return given;
    if (typeof given === 'string') return this.#filled(at, given);
    if (typeof given !== 'object' || given === null || Array.isArray(given)) return undefined;
    const texts = Object.entries(given).map(([name, text]) => [name, text] as [string, unknown]);
    if (!texts.every((pair): pair is [string, string] => typeof pair[1] === 'string')) return undefined;
    return Object.fromEntries(texts.map(([name, text]) => [name, this.#filled(at, text)]));
  }

  /** Fills in `${NAME}` from the environment, so that secrets need not be in the file; `$${` is a plain `${`. */
  #filled(at: string, text: string): string {
    return text.replace(/\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (match, name: string | undefined) => {
      if (name === undefined) return match.slice(1);
      const value = this.#env[name];
      if (value === undefined) this.#fail(at, `the environment has no variable ${name}`);
      return value ?? '';
    });
  }

  #tags(at: string, value: unknown): unknown {
    if (!Array.isArray(value)) return value;
    for (const tag of value) {
      if (typeof tag !== 'string') this.#fail(at, 'a tag is not text');
      else if (/\s/.test(tag)) this.#fail(at, `tag "${tag}" has a space in it`);
    }
    return value.join(' ');
  }

  #links(at: string, value: unknown): '*' | readonly string[] {
    if (value === '*') return '*';
    if (Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '')) return value;
    this.#fail(at, 'channels is neither "*" nor a list of names');
    return [];
  }

  #object(at: string, value: unknown, known?: readonly string[]): Record<string, unknown> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.#fail(at, 'is not a mapping');
      return {};
    }
    for (const key of Object.keys(value)) {
      if (known && !known.includes(key)) this.#fail(at, `has no member "${key}"; there are ${known.join(', ')}`);
    }
    return value as Record<string, unknown>;
  }

  #list(at: string, value: unknown): unknown[] {
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value;
    this.#fail(at, 'is not a list');
    return [];
  }

  #unique(what: string, values: readonly string[]): void {
    for (const value of new Set(values.filter((v, i) => v !== '' && values.indexOf(v) !== i))) {
      this.errors.push(`two entries have the ${what} "${value}"`);
    }
  }

  #hint(message: string, slug: string): string {
    if (message !== 'slug does not match pattern') return message;
    return `${message}: lower-case letters, digits, "_" and "-" only, such as "${slugify(slug) || 'my-check'}"`;
  }

  #fail(at: string, message: string): void {
    this.errors.push(`${at}: ${message}`);
  }
}
