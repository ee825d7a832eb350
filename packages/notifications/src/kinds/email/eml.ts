/** E-mails that came as pings: what an alert needs of them. */

/** A header of a raw message, unfolded, encoded words decoded; null: it has none. */
export function headerOf(raw: Buffer, name: string): string | null {
  const text = raw.toString('latin1');
  const end = text.search(/\r?\n\r?\n/);
  const head = (end === -1 ? text : text.slice(0, end)).replace(/\r?\n[ \t]+/g, ' ');
  const line = head.split(/\r?\n/).find((l) => l.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  return line === undefined ? null : decodeWords(unencoded(line.slice(name.length + 1).trim()));
}

/** Bytes as Latin-1: some mailers write UTF-8 where only encoded words are allowed. */
function unencoded(bytes: string): string {
  const text = Buffer.from(bytes, 'latin1').toString('utf8');
  return text.includes('\ufffd') ? bytes : text;
}

/** RFC 2047: `=?utf-8?b?…?=` and `=?utf-8?q?…?=`. */
function decodeWords(text: string): string {
  return text
    .replace(/(\?=)\s+(=\?)/g, '$1$2')
    .replace(/=\?([^?\s]+)\?([bq])\?([^?\s]*)\?=/gi, (whole, charset: string, encoding: string, data: string) => {
      const bytes =
        encoding.toLowerCase() === 'b'
          ? Buffer.from(data, 'base64')
          : Buffer.from(
              data
                .replace(/_/g, ' ')
                .replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
              'latin1',
            );
      try {
        return new TextDecoder(charset).decode(bytes);
      } catch {
        return whole;
      }
    });
}

/** Up to 998 bytes of a line, as Latin-1; not cut within a character of UTF-8 where that can be helped. */
const CARRIED = /.{900,998}(?![\x80-\xbf])|.{1,998}/g;

/**
 * The message as an attachment: without the messages that are attached to it, which mail servers refuse when they are
 * nested too deep, and with lines that SMTP can carry: CRLF, none longer than 998 bytes.
 */
export function attachable(raw: Buffer): Buffer {
  const lines = withoutAttachedMessages(raw).flatMap((line) => line.match(CARRIED) ?? ['']);
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

function withoutAttachedMessages(raw: Buffer): string[] {
  const lines = raw.toString('latin1').split(/\r?\n/);
  const boundary = /^multipart\/.*;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(headerOf(raw, 'content-type') ?? '');
  if (!boundary) return lines;
  const delimiter = `--${boundary[1] ?? boundary[2]}`;
  const starts = lines.flatMap((line, i) => (line.trimEnd() === delimiter ? [i] : []));
  const end = lines.findIndex((line) => line.trimEnd() === `${delimiter}--`);
  const parts = starts.map((start, i) => lines.slice(start, starts[i + 1] ?? (end === -1 ? lines.length : end)));
  return [
    ...lines.slice(0, starts[0] ?? lines.length),
    ...parts.filter((part) => !isMessage(part.slice(1))).flat(),
    ...(end === -1 || starts.length === 0 ? [] : lines.slice(end)),
  ];
}

function isMessage(part: readonly string[]): boolean {
  return /^message\/rfc822\b/i.test(headerOf(Buffer.from(part.join('\r\n'), 'latin1'), 'content-type') ?? '');
}
