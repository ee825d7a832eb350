/** Decodes bytes that are one character each, whatever they are in the same time: `table` has the 256 characters. */
export function tableDecoder(table: readonly string[]): (bytes: Buffer) => string {
  const codes = Uint16Array.from(table, (character) => character.charCodeAt(0));
  return (bytes) => {
    const out = new Uint16Array(bytes.length);
    for (let at = 0; at < bytes.length; at++) out[at] = codes[bytes[at]!]!;
    return Buffer.from(out.buffer).toString('utf16le');
  };
}
