/** From the bytes of a part to its text: transfer encoding, then charset (RFC 2045). Never fails (P-66). */

/** @param encoding the value of Content-Transfer-Encoding; an unknown one is taken as "no encoding" */
export function decodeTransfer(bytes: Buffer, encoding: string): Buffer {
  switch (encoding.trim().toLowerCase()) {
    case 'base64':
      return Buffer.from(bytes.toString('latin1'), 'base64');
    case 'quoted-printable':
      return decodeQuotedPrintable(bytes);
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

const ASCII = new Set(['', 'us-ascii', 'ascii', 'ansi_x3.4-1968']);

/**
 * Decodes with the named charset. Without a name, with "us-ascii", and with one that nobody knows: as UTF-8 if it is,
 * else as windows-1252.
 */
export function decodeBytes(bytes: Uint8Array, charset: string | null): string {
  const label = (charset ?? '').trim().toLowerCase();
  if (!ASCII.has(label)) {
    const decoder = decoderFor(label);
    if (decoder) return decoder.encoding === WINDOWS_1252.encoding ? windows1252(bytes) : decoder.decode(bytes);
  }
  try {
    return STRICT_UTF8.decode(bytes);
  } catch {
    return windows1252(bytes);
  }
}

function windows1252(bytes: Uint8Array): string {
  return withoutC1(WINDOWS_1252.decode(bytes));
}

const HIGH = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

/**
 * Makes `\x80` the euro sign and so on. Node.js 20 reads windows-1252 as if it were Latin-1, where these are control
 * characters that no mail contains.
 */
export function withoutC1(text: string): string {
  return text.replace(/[\x80-\x9f]/g, (c) => HIGH[c.charCodeAt(0) - 0x80]!);
}

const STRICT_UTF8 = new TextDecoder('utf-8', { fatal: true });
const WINDOWS_1252 = new TextDecoder('windows-1252');

function decoderFor(label: string): typeof STRICT_UTF8 | null {
  for (const candidate of [label, label.replace(/^x-/, ''), label.replaceAll('_', '-')]) {
    try {
      return new TextDecoder(candidate);
    } catch {
      // Not a label this runtime knows.
    }
  }
  return null;
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
