/**
 * What the keyword filters search in a message (ping-api.md 10.4). Written for untrusted input: a general MIME parser
 * makes an object of every line (postal-mime: 34 s and 5 GB for 9 MB of one-character lines, measured); this looks for
 * two parts only, copies nothing but those, and looks at a bounded number of parts.
 */
import { decodeBytes } from './charset.ts';
import { type Headers, headerText, parseStructured, readHeaders } from './headers.ts';
import { htmlToText } from './html.ts';
import { decodeTransfer } from './transfer.ts';

/** The texts of one message, made when first asked for. */
export interface MessageText {
  /** The first Subject: unfolded, encoded words decoded; empty when there is none. */
  subject(): string;
  /** The first text/plain part that is no attachment, decoded; empty when there is none. */
  plain(): string;
  /** The first text/html part that is no attachment, reduced to text (P-63). */
  html(): string;
}

/** Reads a message as received (headers, CRLF or LF, body). Never throws. */
export function readMessage(raw: Buffer): MessageText {
  const headers = readHeaders(raw, 0, raw.length);
  return {
    subject: once(() => headerText(headers.get('subject') ?? '')),
    plain: once(() => partText(raw, headers, 'text/plain')),
    html: once(() => htmlToText(partText(raw, headers, 'text/html'))),
  };
}

/** A stretch of the message with its own headers. */
interface Part {
  readonly headers: Headers;
  readonly end: number;
  /** What it is when it does not say: a message in a multipart/digest, else plain text. */
  readonly defaultType: string;
}

/** Bounds the work that one message can cause. */
interface Budget {
  parts: number;
  /** Lines that begin like a boundary. */
  lines: number;
}

function partText(raw: Buffer, headers: Headers, wanted: string): string {
  const whole = { headers, end: raw.length, defaultType: 'text/plain' };
  const part = find(raw, whole, wanted, { parts: 2_000, lines: 100_000 }, 0);
  if (!part) return '';
  const bytes = raw.subarray(part.headers.bodyStart, Math.max(part.headers.bodyStart, part.end));
  const decoded = decodeTransfer(bytes, part.headers.get('content-transfer-encoding') ?? '');
  return decodeBytes(decoded, parseStructured(part.headers.get('content-type')).params.get('charset') ?? null);
}

/** Real messages nest three or four deep. */
const MAX_DEPTH = 16;

/** The first part of type `wanted`, depth first; of a multipart/related only its root; attachments left out. */
function find(raw: Buffer, part: Part, wanted: string, budget: Budget, depth: number): Part | null {
  if (depth > MAX_DEPTH || --budget.parts < 0) return null;
  if (parseStructured(part.headers.get('content-disposition')).value === 'attachment') return null;
  const type = parseStructured(part.headers.get('content-type') ?? part.defaultType);
  const name = /^[^/\s]+\/[^/\s]+$/.test(type.value) ? type.value : 'text/plain';
  if (name === wanted) return part;
  if (!name.startsWith('multipart/')) return null;

  const children = childrenOf(raw, part, type.params.get('boundary'), name, budget);
  if (name !== 'multipart/related') {
    for (const child of children) {
      const found = find(raw, child, wanted, budget, depth + 1);
      if (found) return found;
    }
    return null;
  }
  const root = rootOf(children, type.params.get('start'));
  return root ? find(raw, root, wanted, budget, depth + 1) : null;
}

/** The part that `start` names by its Content-ID, else the first one. */
function rootOf(children: Iterable<Part>, start: string | undefined): Part | undefined {
  let first: Part | undefined;
  for (const child of children) {
    if (start === undefined) return child;
    first ??= child;
    if (child.headers.get('content-id')?.trim() === start) return child;
  }
  return first;
}

/** The parts between the boundary lines; without a closing one the last part runs to the end. */
function* childrenOf(raw: Buffer, part: Part, parameter: string | undefined, type: string, budget: Budget) {
  // Blanks at its end do not count (RFC 2046 section 5.1.1).
  const boundary = parameter?.trimEnd();
  if (!boundary) return;
  const delimiter = Buffer.from(`--${boundary}`, 'latin1');
  const defaultType = type === 'multipart/digest' ? 'message/rfc822' : 'text/plain';
  let start: number | null = null;
  for (const line of boundaryLines(raw, part.headers.bodyStart, part.end, delimiter, budget)) {
    if (start !== null) {
      yield { headers: readHeaders(raw, start, line.contentEnd), end: line.contentEnd, defaultType };
    }
    if (line.closing) return;
    start = line.next;
  }
  if (start !== null) yield { headers: readHeaders(raw, start, part.end), end: part.end, defaultType };
}

function* boundaryLines(raw: Buffer, from: number, end: number, delimiter: Buffer, budget: Budget) {
  // Searched only up to the end of the part: else each of many small parts would cost a look at the whole message.
  const within = raw.subarray(0, end);
  let at = from;
  while (at < end && --budget.lines >= 0) {
    const found = within.indexOf(delimiter, at);
    if (found < 0) return;
    at = found + delimiter.length;
    if (found > from && raw[found - 1] !== LF) continue;
    const newline = within.indexOf(LF, at);
    const next = newline < 0 ? end : newline + 1;
    // Longer than this it cannot be a boundary line; not cut out, for it may be as long as the message.
    const rest = next - at > 1000 ? 'x' : raw.toString('latin1', at, next);
    const match = /^(--)?[ \t]*\r?\n?$/.exec(rest);
    if (!match) continue;
    // The line break before a boundary belongs to the boundary.
    let contentEnd = found;
    if (contentEnd > from && raw[contentEnd - 1] === LF) contentEnd--;
    if (contentEnd > from && raw[contentEnd - 1] === CR) contentEnd--;
    yield { contentEnd, next, closing: match[1] !== undefined };
    at = next;
  }
}

function once<T>(make: () => T): () => T {
  let value: { readonly made: T } | undefined;
  return () => {
    value ??= { made: make() };
    return value.made;
  };
}

const CR = 13;
const LF = 10;
