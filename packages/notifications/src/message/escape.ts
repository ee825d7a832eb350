/** `& < > " '` as entities. */
export function escapeHtml(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&#x27;');
}

/** `& < >` as entities. */
export function escapeXml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

/** Keeps asterisks from being read as formatting, invisibly: a combining grapheme joiner before each. */
export function joinAsterisks(text: string): string {
  return text.replace(/\*/g, '\u034f*');
}

/** Keeps asterisks from being read as formatting, by Markdown's own means. */
export function backslashAsterisks(text: string): string {
  return text.replace(/\*/g, '\\*');
}

/** Trimmed, with plain spaces only (integrations.md 0.1 rule 7). */
export function tidy(text: string): string {
  return text.replace(/\u00a0/g, ' ').trim();
}
