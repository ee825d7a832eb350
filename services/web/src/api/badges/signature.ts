import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** The tag text that stands for all checks of a project. */
export const ALL = '*';

const COMPARED = 8;

/** What a signature says besides being right: `-2` at its end asks for two states (M-77). */
export type States = 2 | 3;

/**
 * The first 8 characters of a tag's signature (M-76).
 * @param badgeKey the project's
 */
export function badgeSignature(secretKey: string, badgeKey: string, tag: string): string {
  const key = createHash('sha1')
    .update(badgeKey + secretKey)
    .digest();
  return createHmac('sha1', key).update(tag).digest('base64url').slice(0, COMPARED);
}

/** How many states a validly signed badge shows; null: the signature is wrong (M-77). */
export function verifyBadgeSignature(secretKey: string, badgeKey: string, tag: string, given: string): States | null {
  if (given.length < COMPARED) return null;
  const expected = Buffer.from(badgeSignature(secretKey, badgeKey, tag));
  if (!timingSafeEqual(expected, Buffer.from(given.slice(0, COMPARED)))) return null;
  return given.length === 10 && given.endsWith('-2') ? 2 : 3;
}

/** Address of a badge, without the format's dot and name (M-79: the tag is encoded twice). */
export function badgeUrl(siteRoot: string, secretKey: string, badgeKey: string, tag: string, states: States): string {
  const signature = badgeSignature(secretKey, badgeKey, tag) + (states === 2 ? '-2' : '');
  const base = `${siteRoot}/badge/${badgeKey}/${signature}`;
  return tag === ALL ? base : `${base}/${encodeTag(encodeTag(tag))}`;
}

/** Percent-encodes everything but letters, digits and `_ . - ~`. */
function encodeTag(tag: string): string {
  return encodeURIComponent(tag).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
