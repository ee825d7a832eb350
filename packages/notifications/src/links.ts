import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Instant } from '@overdue/clock';

/** Links in e-mails that work without signing in: the web service checks what is signed here. */

/** The channel's token: in the link that verifies an address (integrations.md, email). */
export function channelToken(secretKey: string, channelCode: string): string {
  return createHash('sha256')
    .update(channelCode + secretKey)
    .digest('hex');
}

/** The link that confirms an e-mail address; it never expires. */
export function verifyLink(siteRoot: string, secretKey: string, channelCode: string): string {
  return `${siteRoot}/integrations/${channelCode}/verify/${channelToken(secretKey, channelCode)}/`;
}

/** Whether `token` is {@link channelToken}'s; takes the same time either way. */
export function isChannelToken(secretKey: string, channelCode: string, token: string): boolean {
  return equal(token, channelToken(secretKey, channelCode));
}

/** The link that switches an e-mail channel off (notifications.md §7.5); it never expires. */
export function unsubscribeLink(siteRoot: string, secretKey: string, channelCode: string, now: Instant): string {
  return `${siteRoot}/integrations/${channelCode}/unsub/${signUnsubscribe(secretKey, channelCode, now)}/`;
}

function signUnsubscribe(secretKey: string, channelCode: string, now: Instant): string {
  const signed = `${channelToken(secretKey, channelCode).slice(0, 32)}.${Math.floor(now / 1000).toString(36)}`;
  return `${signed}.${hmac(secretKey, 'unsubscribe', signed)}`;
}

/**
 * Checks the last part of an unsubscribe link.
 * @returns when it was signed (links older than 300 s submit their page by themselves), or null: a bad link
 */
export function openUnsubscribe(secretKey: string, channelCode: string, text: string): { signedAt: Instant } | null {
  const parts = /^([0-9a-f]{32})\.([0-9a-z]{1,10})\.([0-9a-f]{64})$/.exec(text);
  if (!parts) return null;
  const [, token, time, given] = parts as unknown as [string, string, string, string];
  if (!equal(given, hmac(secretKey, 'unsubscribe', `${token}.${time}`))) return null;
  if (!equal(token, channelToken(secretKey, channelCode).slice(0, 32))) return null;
  return { signedAt: Number.parseInt(time, 36) * 1000 };
}

/** The link in reports and reminders that ends them (status-and-alerting.md G5); it never expires. */
export function reportsUnsubscribeLink(siteRoot: string, secretKey: string, username: string, now: Instant): string {
  const signed = `${username}.${Math.floor(now / 1000).toString(36)}`;
  return `${siteRoot}/accounts/unsubscribe_reports/${signed}.${hmac(secretKey, 'unsubscribe-reports', signed)}/`;
}

/** Reads the last part of a {@link reportsUnsubscribeLink}; null: a bad link. */
export function openReportsUnsubscribe(
  secretKey: string,
  text: string,
): { username: string; signedAt: Instant } | null {
  const parts = /^([A-Za-z0-9_-]{1,64})\.([0-9a-z]{1,10})\.([0-9a-f]{64})$/.exec(text);
  if (!parts) return null;
  const [, username, time, given] = parts as unknown as [string, string, string, string];
  if (!equal(given, hmac(secretKey, 'unsubscribe-reports', `${username}.${time}`))) return null;
  return { username, signedAt: Number.parseInt(time, 36) * 1000 };
}

/**
 * What a returned mail is recognised by (notifications.md §7.6): `n.NOTIFICATION.HEXTIME.SIG`, or
 * `r.USERNAME.HEXTIME.SIG` for reports and reminders. It is the left part of the envelope sender.
 */
export function bounceId(secretKey: string, type: 'n' | 'r', id: string, now: Instant): string {
  const signed = `${type}.${id}.${Math.floor(now / 1000).toString(16)}`;
  return `${signed}.${hmac(secretKey, 'bounce', signed).slice(0, 16)}`;
}

/** Reads a {@link bounceId} that is at most 48 h old; null: forged, damaged or too old. */
export function openBounceId(
  secretKey: string,
  text: string,
  now: Instant,
): { type: 'n' | 'r'; id: string; signedAt: Instant } | null {
  const parts = /^([nr])\.([A-Za-z0-9_-]+)\.([0-9a-f]{1,12})\.([0-9a-f]{16})$/.exec(text);
  if (!parts) return null;
  const [, type, id, time, given] = parts as unknown as [string, 'n' | 'r', string, string, string];
  if (!equal(given, hmac(secretKey, 'bounce', `${type}.${id}.${time}`).slice(0, 16))) return null;
  const signedAt = Number.parseInt(time, 16) * 1000;
  return now - signedAt > 48 * 3600 * 1000 ? null : { type, id, signedAt };
}

function hmac(secretKey: string, purpose: string, text: string): string {
  const key = createHmac('sha256', secretKey).update(`overdue:${purpose}`).digest();
  return createHmac('sha256', key).update(text).digest('hex');
}

function equal(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
