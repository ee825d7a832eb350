/** The header section of a message or of one of its parts (RFC 5322, RFC 2045), read leniently and in bounded time. */
import { decodeWords } from 'postal-mime';
import { decodeBytes, withoutC1 } from './decode.ts';

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
  return withoutC1(decodeWords(decodeBytes(Buffer.from(value, 'latin1'), null))).trim();
}

/** A structured header such as `text/plain; charset="utf-8"`. */
export interface Structured {
  /** Lower-case. */
  readonly value: string;
  /** Names in lower case. */
  readonly params: ReadonlyMap<string, string>;
}

const PARAM = /;\s*([^=;\s]+)\s*=\s*("(?:\\.|[^"\\])*"|[^;\s]*)/g;

/** Parameters in pieces (`boundary*0=`, RFC 2231) are put together. */
export function parseStructured(header: string | undefined): Structured {
  const text = (header ?? '').slice(0, MAX_STRUCTURED);
  const params = new Map<string, string>();
  for (const [, rawName = '', rawValue = ''] of text.matchAll(PARAM)) {
    const value = rawValue.startsWith('"') ? rawValue.slice(1, -1).replace(/\\(.)/g, '$1') : rawValue;
    const name = rawName.toLowerCase();
    const piece = /^(.+)\*[0-9]+\*?$/.exec(name)?.[1];
    if (piece !== undefined) params.set(piece, (params.get(piece) ?? '') + value);
    else if (!params.has(name)) params.set(name, value);
  }
  return {
    value: (text.split(';', 1)[0] ?? '')
      .replace(/\([^)]*\)/g, '')
      .trim()
      .toLowerCase(),
    params,
  };
}

const LF = 10;
