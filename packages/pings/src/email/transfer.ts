/** Undoes the transfer encoding of a part (RFC 2045). Never fails. */

/** @param encoding the value of Content-Transfer-Encoding; an unknown one is taken as "no encoding" */
export function decodeTransfer(bytes: Buffer, encoding: string): Buffer {
  switch (encoding.trim().toLowerCase()) {
    case 'base64':
      return Buffer.from(bytes.toString('latin1'), 'base64');
    case 'quoted-printable':
      return decodeQuotedPrintable(bytes);
    case 'x-uuencode':
    case 'uuencode':
    case 'x-uue':
    case 'uue':
      return decodeUu(bytes);
    default:
      return bytes;
  }
}

/** Broken escapes are kept as they are written. Byte by byte: a search for each `=` takes longer where there are many. */
function decodeQuotedPrintable(bytes: Buffer): Buffer {
  const out = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  let at = 0;
  while (at < bytes.length) {
    const byte = bytes[at]!;
    if (byte !== EQUALS) {
      out[length++] = byte;
      at++;
      continue;
    }
    const high = hexDigit(bytes[at + 1]);
    const low = hexDigit(bytes[at + 2]);
    if (high >= 0 && low >= 0) {
      out[length++] = (high << 4) | low;
      at += 3;
      continue;
    }
    const next = afterSoftBreak(bytes, at + 1);
    if (next < 0) out[length++] = EQUALS;
    at = next < 0 ? at + 1 : next;
  }
  return out.subarray(0, length);
}

/** "=" at the end of a line (blanks may follow it) joins it with the next one: where that begins, or -1. */
function afterSoftBreak(bytes: Buffer, from: number): number {
  let end = from;
  while (bytes[end] === SPACE || bytes[end] === TAB) end++;
  if (bytes[end] === CR && bytes[end + 1] === LF) return end + 2;
  if (bytes[end] === LF) return end + 1;
  return end >= bytes.length ? end : -1;
}

/** The lines between `begin 644 name` and `end`; without a beginning, the bytes as they are. */
function decodeUu(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1');
  const begin = /^begin [0-7]+(?: .*)?\r?\n/m.exec(text);
  if (!begin) return bytes;
  const out = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  for (let at = begin.index + begin[0].length; at < text.length; ) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    if (text.startsWith('end', at) && text.slice(at + 3, end).trim() === '') break;
    length = decodeUuLine(bytes.subarray(at, end), out, length);
    at = end + 1;
  }
  return out.subarray(0, length);
}

/** A line says first how many bytes it holds: six bits a character from the blank on. Blanks at its end may be lost. */
function decodeUuLine(line: Buffer, out: Buffer, start: number): number {
  const six = (at: number) => Math.max(0, (line[at] ?? SPACE) - SPACE) & 63;
  const until = start + Math.min(six(0), Math.ceil(line.length * 0.75));
  let length = start;
  for (let at = 1; length < until; at += 4) {
    const bits = (six(at) << 18) | (six(at + 1) << 12) | (six(at + 2) << 6) | six(at + 3);
    for (let shift = 16; shift >= 0 && length < until; shift -= 8) out[length++] = (bits >> shift) & 255;
  }
  return length;
}

function hexDigit(c: number | undefined): number {
  if (c === undefined) return -1;
  if (c >= 48 && c <= 57) return c - 48;
  if (c >= 65 && c <= 70) return c - 55;
  if (c >= 97 && c <= 102) return c - 87;
  return -1;
}

const EQUALS = 61;
const SPACE = 32;
const TAB = 9;
const CR = 13;
const LF = 10;
