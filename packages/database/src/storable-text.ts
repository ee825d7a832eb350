/**
 * What a text or jsonb column can hold of `text`, at most `most` UTF-16 units: no NUL, and no half of a character that
 * the cut, or whoever wrote it, left over.
 */
export function storableText(text: string, most: number): string {
  return text
    .replaceAll('\0', '')
    .slice(0, most)
    .replace(/\p{Surrogate}/gu, '\ufffd');
}
