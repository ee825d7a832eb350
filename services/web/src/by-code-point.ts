/**
 * For `sort`: by code points, as Python and PostgreSQL's "C" sort. By itself JavaScript goes by UTF-16 units, which puts
 * what is beyond U+FFFF (emoji) before the end of what is below.
 */
export function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
