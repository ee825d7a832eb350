import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Signed values for links and cookies: `value.time.signature`, URL-safe. Each `purpose` has a key of its own, so what
 * was signed for one cannot be used for another. They are signed, not encrypted: whoever holds one can read it.
 */
export function signValue(secretKey: string, purpose: string, value: string, now: number): string {
  const signed = `${Buffer.from(value).toString('base64url')}.${now.toString(36)}`;
  return `${signed}.${signature(secretKey, purpose, signed)}`;
}

/** What was signed and when (epoch milliseconds); null when forged, damaged, or older than `maxAgeMs`. */
export function openSigned(
  secretKey: string,
  purpose: string,
  text: string,
  age: { now: number; maxAgeMs: number },
): { value: string; signedAt: number } | null {
  const parts = /^([A-Za-z0-9_-]*)\.([0-9a-z]{1,11})\.([A-Za-z0-9_-]{43})$/.exec(text);
  if (!parts) return null;
  const [, value, time, given] = parts as unknown as [string, string, string, string];
  const expected = signature(secretKey, purpose, `${value}.${time}`);
  if (!timingSafeEqual(Buffer.from(given), Buffer.from(expected))) return null;
  const signedAt = Number.parseInt(time, 36);
  if (signedAt + age.maxAgeMs < age.now) return null;
  return { value: Buffer.from(value, 'base64url').toString(), signedAt };
}

/** HMAC-SHA256 of `text` under a key made for `purpose`; base64url, 43 characters. */
export function signature(secretKey: string, purpose: string, text: string): string {
  const key = createHmac('sha256', secretKey).update(`overdue:${purpose}`).digest();
  return createHmac('sha256', key).update(text).digest('base64url');
}
