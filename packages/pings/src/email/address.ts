import type { PingAddress } from '../path.ts';

/** Why a recipient cannot be a ping (ping-api.md 10.2). */
export type NoPingMailbox = 'wrong domain' | 'invalid mailbox';

const UUID4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
const SLUG = /^([A-Za-z0-9_-]{22})\+([a-z0-9_-]+)$/;

/**
 * Which check an e-mail address means (ping-api.md 10.1). UUIDs are taken in either case and returned in lower case;
 * ping keys and slugs are exact. What follows the first `@` must equal `domain` (PING_EMAIL_DOMAIN), and is looked at
 * before the mailbox (P-55, P-58). Quotes around the mailbox mean nothing (RFC 5321 section 4.1.2).
 */
export function parsePingMailbox(address: string, domain: string): PingAddress | NoPingMailbox {
  const at = address.indexOf('@');
  if (at < 0) return 'invalid mailbox';
  if (address.slice(at + 1) !== domain) return 'wrong domain';
  const mailbox = address.slice(0, at).replace(/^"(.*)"$/, '$1');
  if (UUID4.test(mailbox)) return { code: mailbox.toLowerCase() };
  const [, pingKey, slug] = SLUG.exec(mailbox) ?? [];
  return pingKey !== undefined && slug !== undefined ? { pingKey, slug } : 'invalid mailbox';
}
