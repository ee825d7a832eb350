/** What stands between `MAIL FROM:` or `RCPT TO:` and the end of the line (RFC 5321 section 4.1.2), read leniently. */

export interface EnvelopePath {
  /** As sent: neither checked nor changed. Empty for the null sender. */
  readonly address: string;
  /** ESMTP parameters by upper-case name; true for one without a value. */
  readonly args: Record<string, string | true>;
  /** The name of a parameter that was given twice. */
  readonly duplicate: string | undefined;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: to refuse them: they would end up in logs and user agents.
const CONTROL = /[\x00-\x1f\x7f]/;

/**
 * Reads an address that may have any form: which recipients are good is for `parsePingMailbox` to say (with the replies
 * that the reference gives), and who the sender claims to be is only written down. Machines send `MAIL FROM:<root>` and
 * leave out angle brackets; a ping is worth more than their grammar.
 * @param prefix `MAIL FROM` or `RCPT TO`
 * @returns null when the line is not of this form at all
 */
export function parseEnvelopePath(prefix: 'MAIL FROM' | 'RCPT TO', line: string): EnvelopePath | null {
  const colon = line.indexOf(':');
  if (colon < 0 || line.slice(0, colon).trim().replace(/\s+/g, ' ').toUpperCase() !== prefix) return null;
  const text = line.slice(colon + 1).trim();
  const match = /^<([^<>]*)>(.*)$/.exec(text) ?? /^<?([^\s<>]+)(.*)$/.exec(text);
  if (!match || CONTROL.test(text)) return null;
  const [, path = '', rest = ''] = match;
  if (rest !== '' && !/^\s/.test(rest)) return null;
  const args: Record<string, string | true> = {};
  let duplicate: string | undefined;
  for (const parameter of rest.split(/\s+/)) {
    if (parameter === '') continue;
    const equals = parameter.indexOf('=');
    const name = (equals < 0 ? parameter : parameter.slice(0, equals)).toUpperCase();
    if (name === '') continue;
    if (Object.hasOwn(args, name)) duplicate = name;
    args[name] = equals < 0 || equals === parameter.length - 1 ? true : parameter.slice(equals + 1);
  }
  return { address: withoutRoute(path.trim()), args, duplicate };
}

/** `<@relay1,@relay2:user@host>` means `user@host` (RFC 5321 appendix C). */
function withoutRoute(path: string): string {
  return path.startsWith('@') && path.includes(':') ? path.slice(path.indexOf(':') + 1) : path;
}
