/** E-mails that came as pings: what an alert needs of them. */

/** A header of a raw message, unfolded, encoded words decoded; null: it has none. */
export function headerOf(raw: Buffer, name: string): string | null {
  const text = raw.toString('latin1');
  const end = text.search(/\r?\n\r?\n/);
  const head = (end === -1 ? text : text.slice(0, end)).replace(/\r?\n[ \t]+/g, ' ');
  const line = head.split(/\r?\n/).find((l) => l.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  return line === undefined ? null : decodeWords(line.slice(name.length + 1).trim());
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

/** The message with lines that SMTP can carry: CRLF, none longer than 998 bytes. */
export function attachable(raw: Buffer): Buffer {
  const lines = raw.toString('latin1').split(/\r?\n/);
  return Buffer.from(lines.flatMap((line) => line.match(/.{1,998}/g) ?? ['']).join('\r\n'), 'latin1');
}
