/** White space of ASCII, the separators 0x1C to 0x1F included. */
const SPACE = '\\t-\\r\\x1c-\\x20';
const NOT_ASCII = /[\u0080-\uffff]/g;
const NOT_LATIN_1 = /[\u0100-\uffff]/g;
const NOT_IN_A_SLUG = new RegExp(`[^a-z0-9_${SPACE}-]`, 'g');
const SEPARATORS = new RegExp(`[${SPACE}-]+`, 'g');

/** Characters that a slug may have. */
export const MAX_SLUG = 100;

/** The slug that API v1 and v2 give a check named `name` (management-api.md M-25); may be empty. */
export function slugify(name: string): string {
  return cut(joined(name.normalize('NFKD').replace(NOT_ASCII, '')).replace(/^[-_]+/, '')).replace(/[-_]+$/, '');
}

/** The slug that the form suggests for a check named `name` (web-ui.md DA-3); may be empty. */
export function suggestSlug(name: string): string {
  return cut(joined(name.normalize('NFKD').replace(NOT_LATIN_1, '')).replace(/^-+/, '')).replace(/-+$/, '');
}

/** Longer than its name where letters become several: `㎏` is `kg`. */
function cut(slug: string): string {
  return slug.slice(0, MAX_SLUG);
}

function joined(text: string): string {
  return text.toLowerCase().replace(NOT_IN_A_SLUG, '').replace(SEPARATORS, '-');
}
