import { decodeHTML } from 'entities';

/**
 * HTML reduced to its text (P-63): tags, comments and the content of `script` and `style` dropped, entities decoded,
 * the pieces joined without a separator, every run of white space made one space. `<b>S</b>UCCESS` is `SUCCESS`.
 * One pass, whatever the input, and no string for each tag: mails may have millions of them.
 */
export function htmlToText(html: string): string {
  const text = new Text(html.length);
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf('<', at);
    const end = open < 0 ? html.length : endOfMarkup(html, open);
    // A "<" that opens nothing is text.
    const until = open < 0 ? html.length : end === open ? open + 1 : open;
    text.addHtml(html, at, until);
    at = Math.max(end, until);
  }
  return text.toString();
}

/** Collects text, each run of white space as one space. */
class Text {
  readonly #codes: Uint16Array;
  #length = 0;
  #afterSpace = false;

  /** @param capacity in UTF-16 codes; decoding entities makes no text longer */
  constructor(capacity: number) {
    this.#codes = new Uint16Array(capacity);
  }

  addHtml(html: string, from: number, until: number): void {
    for (let at = from; at < until; at++) {
      const code = html.charCodeAt(at);
      if (code === AMPERSAND) {
        const end = endOfEntity(html, at, until);
        const decoded = decodeHTML(html.slice(at, end));
        for (let i = 0; i < decoded.length; i++) this.#add(decoded.charCodeAt(i));
        at = end - 1;
      } else {
        this.#add(code);
      }
    }
  }

  #add(code: number): void {
    const space = code <= 32 ? code === 32 || (code >= 9 && code <= 13) : code >= 160 && isSpace(code);
    if (!space) this.#codes[this.#length++] = code;
    else if (!this.#afterSpace) this.#codes[this.#length++] = 32;
    this.#afterSpace = space;
  }

  toString(): string {
    return Buffer.from(this.#codes.buffer, 0, this.#length * 2).toString('utf16le');
  }
}

/** Past the `;`, or before whatever cannot be part of the entity that begins at `from`. */
function endOfEntity(html: string, from: number, until: number): number {
  const limit = Math.min(until, from + LONGEST_ENTITY);
  for (let at = from + 1; at < limit; at++) {
    const code = html.charCodeAt(at);
    if (code === SEMICOLON) return at + 1;
    if (code === AMPERSAND || code === 32) return at;
  }
  return limit;
}

/** White space beyond ASCII, as `\s` has it. */
function isSpace(code: number): boolean {
  return (
    code === 0xa0 ||
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000 ||
    code === 0xfeff
  );
}

/** Where the markup that opens at `open` ends; `open` itself when there is none; the end of the text when unclosed. */
function endOfMarkup(html: string, open: number): number {
  const next = html.charCodeAt(open + 1);
  if (next === SLASH) {
    const name = html.charCodeAt(open + 2);
    return isLetter(name) || name === GREATER ? after(html, '>', open + 2) : open;
  }
  if (next === EXCLAMATION && html.startsWith('--', open + 2)) return endOfComment(html, open + 4);
  if (next === EXCLAMATION || next === QUESTION) return after(html, '>', open + 1);
  if (!isLetter(next)) return open;
  const end = endOfTag(html, open + 2);
  if ((next | LOWER) !== LETTER_S || html.charCodeAt(end - 2) === SLASH) return end;
  const name = /^(script|style)[\s/>]/i.exec(html.slice(open + 1, open + 8))?.[1];
  return name === undefined ? end : after(html, '>', endOfRawText(html, name.toLowerCase(), end));
}

/** `<!-->` and `<!--->` are whole comments; others end with `-->` or `--!>` (HTML standard, 13.2.5.43 to 13.2.5.52). */
function endOfComment(html: string, from: number): number {
  const empty = html.startsWith('->', from) ? 2 : html.startsWith('>', from) ? 1 : 0;
  if (empty > 0) return from + empty;
  COMMENT_END.lastIndex = from;
  return COMMENT_END.test(html) ? COMMENT_END.lastIndex : html.length;
}

/** Past the `>` of a tag; one inside a quoted attribute does not count. */
function endOfTag(html: string, from: number): number {
  for (let at = from; at < html.length; at++) {
    const c = html.charCodeAt(at);
    if (c === GREATER) return at + 1;
    if ((c === DOUBLE_QUOTE || c === SINGLE_QUOTE) && /=\s*$/.test(html.slice(Math.max(from, at - 8), at))) {
      const close = html.indexOf(c === DOUBLE_QUOTE ? '"' : "'", at + 1);
      if (close < 0) return html.length;
      at = close;
    }
  }
  return html.length;
}

/** Where `</script` or `</style` begins, in any case. */
function endOfRawText(html: string, name: string, from: number): number {
  for (let at = html.indexOf('</', from); at >= 0; at = html.indexOf('</', at + 2)) {
    if (html.slice(at + 2, at + 2 + name.length).toLowerCase() === name) return at;
  }
  return html.length;
}

function after(html: string, what: string, from: number): number {
  const at = html.indexOf(what, from);
  return at < 0 ? html.length : at + what.length;
}

function isLetter(c: number): boolean {
  const lower = c | LOWER;
  return lower >= 97 && lower <= 122;
}

const COMMENT_END = /--!?>/g;
/** `&CounterClockwiseContourIntegral;` has 33 characters; numbers may have leading zeros. */
const LONGEST_ENTITY = 64;
const EXCLAMATION = 33;
const DOUBLE_QUOTE = 34;
const AMPERSAND = 38;
const SINGLE_QUOTE = 39;
const SLASH = 47;
const SEMICOLON = 59;
const GREATER = 62;
const QUESTION = 63;
const LETTER_S = 115;
/** Makes an ASCII letter lower-case. */
const LOWER = 32;
