/** White space of ASCII, the separators 0x1C to 0x1F included. */
const SPACE = '\\t-\\r\\x1c-\\x20';
const NOT_ASCII = /[\u0080-\uffff]/g;
const NOT_LATIN_1 = /[\u0100-\uffff]/g;
const NOT_IN_A_SLUG = new RegExp(`[^a-z0-9_${SPACE}-]`, 'g');
const SEPARATORS = new RegExp(`[${SPACE}-]+`, 'g');

/** The slug that API v1 and v2 give a check named `name` (management-api.md M-25); may be empty. */
export function slugify(name: string): string {
  return joined(name.normalize('NFKD').replace(NOT_ASCII, '')).replace(/^[-_]+|[-_]+$/g, '');
}

/** The slug that the form suggests for a check named `name` (web-ui.md DA-3); may be empty. */
export function suggestSlug(name: string): string {
  return joined(name.normalize('NFKD').replace(NOT_LATIN_1, '')).replace(/^-+|-+$/g, '');
}

function joined(text: string): string {
  return text.toLowerCase().replace(NOT_IN_A_SLUG, '').replace(SEPARATORS, '-');
}
