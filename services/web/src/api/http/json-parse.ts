/**
 * JSON as the management API reads it. Unlike `JSON.parse` it tells `60` from `60.0` (only the first is an integer,
 * M-36), and takes `NaN` and `Infinity`, which existing clients' encoders may write and which are then refused by the
 * field's own error.
 */

/** A number that was not written as an integer; also NaN and the infinities. */
export class Float {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** Longer integers are cut down to the nearest safe one at once: their digits matter to nobody. */
const MAX_DIGITS = 40;

/** More values than this are refused: a body of 2.6 MB may hold 800,000, and building them took a second of everybody's. */
const MAX_VALUES = 10_000;

/** Deeper nesting than this is refused; nothing we read needs more than two. */
const MAX_DEPTH = 500;

const WORDS: Readonly<Record<string, unknown>> = {
  true: true,
  false: false,
  null: null,
  NaN: new Float(Number.NaN),
  Infinity: new Float(Number.POSITIVE_INFINITY),
  '-Infinity': new Float(Number.NEGATIVE_INFINITY),
};

/** Thrown for text that is not JSON. */
export class JsonSyntaxError extends Error {}

/** Thrown for JSON of more than {@link MAX_VALUES} values. */
export class TooManyValuesError extends Error {}

/**
 * Integers become numbers (beyond 2^53: bigints), other numbers {@link Float}; objects have no prototype, and of equal
 * members the last wins (M-20).
 * @throws {JsonSyntaxError | TooManyValuesError}
 */
export function parseJson(text: string): unknown {
  const parser = new Parser(text);
  const value = parser.value(0);
  parser.end();
  return value;
}

/**
 * @throws {JsonSyntaxError} also when the bytes are not UTF-8 or begin with a byte-order mark
 * @throws {TooManyValuesError}
 */
export function parseJsonBytes(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new JsonSyntaxError('not UTF-8');
  }
  return parseJson(text);
}

/** The safe integer next to a number; no -0. */
export function nearestSafe(number: number | bigint): number {
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(number))) + 0;
}

class Parser {
  readonly #text: string;
  #at = 0;
  #values = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw new JsonSyntaxError('nested too deeply');
    if (++this.#values > MAX_VALUES) throw new TooManyValuesError(`more than ${MAX_VALUES} values`);
    this.#space();
    const char = this.#text[this.#at];
    if (char === '{') return this.#object(depth);
    if (char === '[') return this.#array(depth);
    if (char === '"') return this.#string();
    return this.#scalar();
  }

  end(): void {
    this.#space();
    if (this.#at < this.#text.length) this.#fail();
  }

  #object(depth: number): Record<string, unknown> {
    const members: Record<string, unknown> = Object.create(null);
    this.#at++;
    this.#space();
    if (this.#take('}')) return members;
    for (;;) {
      this.#space();
      if (this.#text[this.#at] !== '"') this.#fail();
      const name = this.#string();
      this.#space();
      if (!this.#take(':')) this.#fail();
      members[name] = this.value(depth + 1);
      this.#space();
      if (this.#take('}')) return members;
      if (!this.#take(',')) this.#fail();
    }
  }

  #array(depth: number): unknown[] {
    const items: unknown[] = [];
    this.#at++;
    this.#space();
    if (this.#take(']')) return items;
    for (;;) {
      items.push(this.value(depth + 1));
      this.#space();
      if (this.#take(']')) return items;
      if (!this.#take(',')) this.#fail();
    }
  }

  #string(): string {
    const start = this.#at;
    let end = start + 1;
    for (;;) {
      const char = this.#text[end];
      if (char === undefined) this.#fail();
      if (char === '"') break;
      end += char === '\\' ? 2 : 1;
    }
    this.#at = end + 1;
    try {
      return JSON.parse(this.#text.slice(start, this.#at)) as string;
    } catch {
      this.#fail();
    }
  }

  #scalar(): unknown {
    const token = /[-+.\w]*/y;
    token.lastIndex = this.#at;
    const word = token.exec(this.#text)![0];
    this.#at += word.length;
    if (Object.hasOwn(WORDS, word)) return WORDS[word];
    if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(word)) this.#fail();
    const number = Number(word);
    if (/[.eE]/.test(word)) return new Float(number);
    if (Number.isSafeInteger(number)) return number + 0;
    return word.length <= MAX_DIGITS ? BigInt(word) : nearestSafe(number);
  }

  #space(): void {
    for (;;) {
      const char = this.#text.charCodeAt(this.#at);
      if (char !== 0x20 && char !== 0x0a && char !== 0x0d && char !== 0x09) return;
      this.#at++;
    }
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #fail(): never {
    throw new JsonSyntaxError(`not JSON at character ${this.#at}`);
  }
}
