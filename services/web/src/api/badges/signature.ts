import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';

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

/** How many states a badge with this signature shows; null: the signature is wrong (M-77). */
type SignatureCheck = (badgeKey: string, tag: string, given: string) => States | null;

/**
 * Checks signatures, and remembers the right ones: computing one takes 10 µs, as long as the rest of answering a badge.
 * Wrong ones are not remembered, so strangers cannot fill the memory.
 */
export function signatureCheck(secretKey: string): SignatureCheck {
  const right = new LRUCache<string, true>({ max: 10_000 });
  return (badgeKey, tag, given) => {
    const start = given.slice(0, COMPARED);
    const known = `${badgeKey}/${start}/${tag}`;
    if (!right.has(known)) {
      if (!sameText(badgeSignature(secretKey, badgeKey, tag), start)) return null;
      right.set(known, true);
    }
    return given.length === 10 && given.endsWith('-2') ? 2 : 3;
  };
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
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
