/** From bytes to text. Never fails (P-66). */
import iconv from 'iconv-lite';
import { ebcdicDecoder } from './ebcdic.ts';
import { tableDecoder } from './table.ts';

export type Decode = (bytes: Buffer) => string;

export function decodeBytes(bytes: Buffer, charset: string | null): string {
  return decoderFor(charset)(bytes);
}

/**
 * Decodes with the named charset. Without a name, with "us-ascii", and with one that nobody knows: as UTF-8 if it is,
 * else as windows-1252.
 */
export function decoderFor(charset: string | null): Decode {
  const label = (charset ?? '').trim().toLowerCase();
  const key = keyOf(label);
  return (ASCII.has(key) ? null : decoderByName(label, key)) ?? utf8OrWindows1252;
}

/** The runtime's decoders first: they read the common charsets as browsers do. The library has the old code pages. */
function decoderByName(label: string, key: string): Decode | null {
  const alias = ALIASES.get(key);
  const names = alias ? [alias] : new Set([label, label.replace(/^x-/, ''), label.replaceAll('_', '-')]);
  for (const name of names) {
    const decode = runtimeDecoder(name);
    if (decode) return decode;
  }
  if (NOT_FROM_LIBRARY.has(key)) return null;
  for (const name of names) {
    if (iconv.encodingExists(name)) return (bytes) => iconv.decode(bytes, name);
  }
  return ebcdicDecoder(key);
}

function runtimeDecoder(name: string): Decode | null {
  let decoder: typeof STRICT_UTF8;
  try {
    decoder = new TextDecoder(name);
  } catch {
    return null; // Not a label this runtime knows.
  }
  if (decoder.encoding === 'windows-1252') return windows1252;
  // Little-endian unless a mark says otherwise.
  if (decoder.encoding === 'utf-16le') return (bytes) => (hasBigEndianMark(bytes) ? UTF_16BE : decoder).decode(bytes);
  return (bytes) => decoder.decode(bytes);
}

function hasBigEndianMark(bytes: Buffer): boolean {
  return bytes[0] === 0xfe && bytes[1] === 0xff;
}

function utf8OrWindows1252(bytes: Buffer): string {
  try {
    return STRICT_UTF8.decode(bytes);
  } catch {
    return windows1252(bytes);
  }
}

/** A label's letters and digits: what else is in it differs from writer to writer. */
function keyOf(label: string): string {
  return label.replace(/[^a-z0-9]/g, '');
}

/** Names of ASCII, in which the library would make everything else unreadable. */
const ASCII = new Set([
  '',
  '646',
  'ansix34',
  'ansix341968',
  'ansix341986',
  'ascii',
  'ascii8bit',
  'cp367',
  'csascii',
  'ibm367',
  'iso646irv1991',
  'iso646us',
  'isoir6',
  'us',
  'usascii',
]);

/**
 * The library has these among its charsets. Those that are none are nobody's charset in a mail, either; and with UTF-7,
 * which takes it gigabytes and many seconds where somebody means harm, ASCII keywords are found without.
 */
const NOT_FROM_LIBRARY = new Set(['base64', 'binary', 'hex', 'utf7', 'utf7imap', 'unicode11utf7']);

/**
 * Names that Python's `email` knows, as the reference does, and neither the runtime nor the library: by key. Those of
 * larger sets (JIS X 0212 and 0213) are read as the smaller one that they begin with.
 */
const ALIASES = new Map(
  Object.entries({
    'utf-8': 'cp65001 u8 utf utf8sig',
    'utf-16le': 'u16 unicodelittleunmarked utf16 utf16le',
    'utf-16be': 'unicodebigunmarked utf16be',
    'utf-32': 'u32',
    'iso-2022-jp': 'iso2022jp iso2022jp1 iso2022jp2 iso2022jp2004 iso2022jp3 iso2022jpext',
    'euc-jp': 'eucjis2004 eucjisx0213 ujis',
    shift_jis: 'shiftjis2004 shiftjisx0213 sjis2004 sjisx0213 xmacjapanese',
    big5: 'big5hkscs big5tw hkscs xmactradchinese',
    gb18030: 'gb180302000',
    gbk: 'eucgb2312cn xmacsimpchinese',
    'euc-kr': 'ksx1001 uhc xmackorean',
    macintosh: 'macroman',
    'x-mac-cyrillic': 'maccyrillic',
    maccenteuro: 'maccentraleurope maclatin2',
    macromania: 'macromanian',
    cp861: 'cpis',
    cp869: 'cpgr',
    cp1125: 'cp866u ruscii',
    'hp-roman8': 'cp1051',
    pt154: 'cp154 csptcp154 cyrillicasian ptcp154',
    rk1048: 'kz1048',
  }).flatMap(([name, keys]) => keys.split(' ').map((key) => [key, name])),
);

const STRICT_UTF8 = new TextDecoder('utf-8', { fatal: true });
const UTF_16BE = new TextDecoder('utf-16be');

/** By a table of our own: Node.js 20 reads windows-1252 as if it were Latin-1, with control characters for `€` and others. */
const windows1252 = tableDecoder(
  Array.from({ length: 256 }, (_, byte) =>
    byte < 0x80 || byte > 0x9f
      ? String.fromCharCode(byte)
      : '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ'.charAt(byte - 0x80),
  ),
);
