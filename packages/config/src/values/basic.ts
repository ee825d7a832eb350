/** The five kinds of value of configuration.md section 1: bool, int, text, list (secret is a flag on any of them). */
import { Malformed, type ValueType, valueType } from './value-type.ts';

/** `True`, `False` or empty (= false), case-sensitive. */
export function bool(): ValueType<boolean> {
  return valueType({
    name: 'bool',
    allowed: 'True, False, or empty for False (upper and lower case matter)',
    read: (text) => {
      if (text === 'True') return true;
      if (text === 'False' || text === '') return false;
      throw new Malformed();
    },
    print: (value) => (value ? 'True' : 'False'),
  });
}

/** On when anything is written in it: how the official image reads some switches. `False` and `0` are off all the same. */
export function presence(): ValueType<boolean> {
  return valueType({
    name: 'switch',
    allowed: 'anything for on; empty, False or 0 for off',
    read: (text) => text !== '' && text !== 'False' && text !== '0',
    print: (value) => (value ? 'True' : ''),
  });
}

const DECIMAL = /^[+-]?[0-9]+$/;

/** Reads a decimal integer within [min, max]. */
function readInt(text: string, min: number, max: number): number {
  const value = DECIMAL.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) throw new Malformed();
  return value === 0 ? 0 : value; // "-0" is 0
}

function range(min: number, max: number): string {
  return max === Number.MAX_SAFE_INTEGER ? `a whole number, at least ${min}` : `a whole number from ${min} to ${max}`;
}

/** A decimal integer from `min` to `max`, both allowed. */
export function int(min = 0, max = Number.MAX_SAFE_INTEGER): ValueType<number> {
  return valueType({ name: 'int', allowed: range(min, max), read: (text) => readInt(text, min, max) });
}

/** As {@link int}; the exact text `None` means "no value", which `none` puts in words (no limit, no time-out…). */
export function intOrNone(none: string, min = 0, max = Number.MAX_SAFE_INTEGER): ValueType<number | null> {
  return valueType<number | null>({
    name: 'int',
    allowed: `${range(min, max)}, or None for ${none}`,
    read: (text) => (text === 'None' ? null : readInt(text, min, max)),
    print: (value) => (value === null ? 'None' : String(value)),
  });
}

/** A TCP port; 0 lets the operating system choose one (for tests). */
export function port(): ValueType<number> {
  return { ...int(0, 65535), name: 'port' };
}

// A NUL cannot occur in an environment, but it can in a file named by NAME_FILE; no consumer could do anything with it.
function withoutNul(text: string): string {
  if (text.includes('\0')) throw new Malformed('it holds a NUL character');
  return text;
}

/** Text, taken as it is. */
export function text(): ValueType<string> {
  return valueType({ name: 'text', allowed: 'any text', read: withoutNul });
}

/** Text, taken as it is; empty counts as off. */
export function optionalText(): ValueType<string | null> {
  return valueType<string | null>({
    name: 'text',
    allowed: 'any text, or empty for none',
    read: (value) => (value === '' ? null : withoutNul(value)),
  });
}

/** Text of a given shape. `allowed` puts the pattern in words. */
export function textLike(pattern: RegExp, allowed: string): ValueType<string> {
  return valueType({
    name: 'text',
    allowed,
    read: (value) => {
      if (!pattern.test(value)) throw new Malformed();
      return withoutNul(value);
    },
  });
}

/** One of a few words. */
export function oneOf<const T extends string>(...words: readonly [T, ...T[]]): ValueType<T> {
  return valueType({
    name: 'text',
    allowed: words.length === 1 ? `only ${words[0]}` : `one of ${words.join(', ')}`,
    read: (value) => {
      const word = words.find((candidate) => candidate === value);
      if (word === undefined) throw new Malformed();
      return word;
    },
  });
}

/**
 * Comma-separated items, each accepted by `isItem`. White space around an item is dropped, and so are empty items:
 * neither can be part of a host name or an address (the original keeps both and then never matches).
 */
export function list(items: string, isItem: (item: string) => boolean = () => true): ValueType<readonly string[]> {
  return valueType<readonly string[]>({
    name: 'list',
    allowed: `${items}, separated by commas; empty for none`,
    read: (value) => {
      const found = withoutNul(value)
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '');
      const wrong = found.findIndex((item) => !isItem(item));
      if (wrong !== -1) throw new Malformed(`item ${wrong + 1} is not`);
      return found;
    },
    print: (value) => value.join(','),
  });
}
