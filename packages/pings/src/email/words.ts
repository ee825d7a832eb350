/** Encoded words in a header: `=?utf-8?Q?S=C3=BCccess?=` (RFC 2047). A hostile header may have many. */
import { type Decode, decoderFor } from './charset.ts';

/** More charsets than this in one header are not looked up, which takes long for names that nobody knows. */
const MAX_CHARSETS = 32;

const WORD = /=\?([^?\s]+)\?([QqBb])\?([^?]*)\?=/g;

/** White space between two encoded words is not part of the text. */
export function decodeWords(text: string): string {
  const out: string[] = [];
  const decoders = new Map<string, Decode>();
  let run: Run | null = null;
  let at = 0;
  for (const match of text.matchAll(WORD)) {
    const [whole, label = '', encoding = '', encoded = ''] = match;
    // After a `*` is the language (RFC 2231 section 5).
    const charset = label.split('*', 1)[0]!.toLowerCase();
    const between = text.slice(at, match.index);
    if (run && !/^[ \t]*$/.test(between)) {
      out.push(decodeRun(run), between);
      run = null;
    } else if (run && run.charset !== charset) {
      out.push(decodeRun(run));
      run = null;
    } else if (!run) {
      out.push(between);
    }
    if (!run) {
      const decode: Decode = decoders.get(charset) ?? decoderFor(decoders.size < MAX_CHARSETS ? charset : null);
      if (decoders.size < MAX_CHARSETS) decoders.set(charset, decode);
      run = { charset, decode, words: [] };
    }
    run.words.push(wordBytes(encoding, encoded));
    at = match.index + whole.length;
  }
  if (run) out.push(decodeRun(run));
  out.push(text.slice(at));
  return out.join('');
}

/** Encoded words of one charset with nothing between them. */
interface Run {
  readonly charset: string;
  readonly decode: Decode;
  readonly words: Buffer[];
}

/**
 * Together, for many mailers cut a word in the middle of a character; each for itself when that gives characters that
 * no text has (what cannot be decoded, a mark of byte order).
 */
function decodeRun({ decode, words }: Run): string {
  const together = decode(Buffer.concat(words));
  if (words.length === 1 || !/[\ufffd-\uffff\ufeff]/.test(together)) return together;
  return words.map((word) => decode(word)).join('');
}

function wordBytes(encoding: string, encoded: string): Buffer {
  if (encoding === 'B' || encoding === 'b') return Buffer.from(encoded, 'base64');
  const bytes = Buffer.from(encoded.replaceAll('_', ' ')).toString('latin1');
  return Buffer.from(
    bytes.replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
}
