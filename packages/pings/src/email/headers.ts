/** The header section of a message or of one of its parts (RFC 5322, RFC 2045), read leniently and in bounded time. */
import { decodeBytes } from './charset.ts';
import { decodeWords } from './words.ts';

/** More header lines or bytes than this are not read: mail systems refuse such messages long before. */
const MAX_BYTES = 1024 * 1024;
const MAX_LINES = 10_000;
/** Structured headers longer than this are cut before they are parsed. */
const MAX_STRUCTURED = 4096;

export interface Headers {
  /** The first header of this name (lower-case): unfolded, as raw characters (one a byte); undefined: absent. */
  get(name: string): string | undefined;
  /** Where the body begins. */
  readonly bodyStart: number;
}

/** Reads the headers of what lies between `start` and `end`. A line that is no header ends them, and is body. */
export function readHeaders(raw: Buffer, start: number, end: number): Headers {
  const within = raw.subarray(0, end);
  const first = new Map<string, string>();
  let name: string | undefined;
  let at = start;
  for (let lines = 0; at < end && lines < MAX_LINES && at - start < MAX_BYTES; lines++) {
    const newline = within.indexOf(LF, at);
    const next = newline < 0 ? end : newline + 1;
    const line = raw.toString('latin1', at, Math.min(next, at + MAX_BYTES)).replace(/\r?\n$/, '');
    if (line === '') return { get: (key) => first.get(key), bodyStart: next };
    const colon = line.indexOf(':');
    if (/^[ \t]/.test(line) && name !== undefined) {
      if (name !== '') first.set(name, `${first.get(name)}${line}`);
    } else if (colon > 0 && /^[\x21-\x7e]+[ \t]*$/.test(line.slice(0, colon))) {
      const key = line.slice(0, colon).trimEnd().toLowerCase();
      // A repeated header is read over (with its folded lines): the first one counts.
      name = first.has(key) ? '' : key;
      if (name !== '') first.set(key, line.slice(colon + 1));
    } else if (!(at === start && line.startsWith('From '))) {
      return { get: (key) => first.get(key), bodyStart: at };
    }
    at = next;
  }
  return { get: (key) => first.get(key), bodyStart: at };
}

/** An unstructured header's text: raw 8-bit characters and encoded words decoded (RFC 2047, RFC 6532). */
export function headerText(value: string): string {
  return decodeWords(decodeBytes(Buffer.from(value, 'latin1'), null)).trim();
}

/** A structured header such as `text/plain; charset="utf-8"`. */
export interface Structured {
  /** Lower-case. */
  readonly value: string;
  /** Names in lower case. */
  readonly params: ReadonlyMap<string, string>;
}

const PARAM = /;\s*([^=;\s]+)\s*=\s*("(?:\\.|[^"\\])*"|[^;\s]*)/g;

/** The first of each name counts, and one that is written plainly before one in pieces. */
export function parseStructured(header: string | undefined): Structured {
  const text = (header ?? '').slice(0, MAX_STRUCTURED);
  const params = new Map<string, string>();
  const inPieces = new Map<string, Piece[]>();
  for (const [, rawName = '', rawValue = ''] of text.matchAll(PARAM)) {
    const value = rawValue.startsWith('"') ? rawValue.slice(1, -1).replace(/\\(.)/g, '$1') : rawValue;
    const [, name = '', star, number, encoded] = /^(.+?)(\*(?:([0-9]+)(\*)?)?)?$/.exec(rawName.toLowerCase()) ?? [];
    if (star === undefined) {
      if (!params.has(name)) params.set(name, value);
      continue;
    }
    const pieces = inPieces.get(name) ?? [];
    pieces.push({ number: Number(number ?? 0), value, encoded: number === undefined || encoded !== undefined });
    inPieces.set(name, pieces);
  }
  for (const [name, pieces] of inPieces) if (!params.has(name)) params.set(name, putTogether(pieces));
  return {
    value: (text.split(';', 1)[0] ?? '')
      .replace(/\([^)]*\)/g, '')
      .trim()
      .toLowerCase(),
    params,
  };
}

/** A value in pieces (`boundary*0=`), percent-encoded (`boundary*=us-ascii'en'`), or both: RFC 2231. */
interface Piece {
  readonly number: number;
  readonly value: string;
  readonly encoded: boolean;
}

/** In the order of their numbers, as raw characters: what is read here has no use for the charset and the language. */
function putTogether(pieces: Piece[]): string {
  return pieces
    .sort((a, b) => a.number - b.number)
    .map(({ value, encoded }, i) => {
      if (!encoded) return value;
      return percentDecoded(i === 0 ? value.replace(/^[^']*'[^']*'/, '') : value);
    })
    .join('');
}

function percentDecoded(value: string): string {
  return value.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

const LF = 10;
