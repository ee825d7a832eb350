import { isIP } from 'node:net';

/**
 * The client's address from the value of X-Forwarded-For (P-16): what is before the first comma, without brackets and
 * port, as PostgreSQL would print it were it an inet (lower-case, zeros compressed). Null when it is no address.
 */
export function clientAddress(forwardedFor: string): string | null {
  const comma = forwardedFor.indexOf(',');
  let text = (comma < 0 ? forwardedFor : forwardedFor.slice(0, comma)).trim();
  if (text === '') return null;
  if (text.charCodeAt(0) === 91 /* [ */) {
    const end = text.indexOf(']');
    if (end < 0) return null;
    text = text.slice(1, end);
  } else if (isIP(text) === 0 && /^[0-9.]+:/.test(text)) {
    text = text.slice(0, text.indexOf(':'));
  }
  return plainAddress(text);
}

/**
 * The client from the value of a Forwarded header (RFC 7239): the first element's `for`. Null when there is none, or it
 * is hidden (`unknown`, `_name`).
 */
export function forwardedClient(forwarded: string): string | null {
  const value = parameter(forwarded, 'for');
  return value === null ? null : clientAddress(value.replaceAll(',', ' '));
}

/** The scheme from the value of a Forwarded header: the first element's `proto`, or null. */
export function forwardedScheme(forwarded: string): string | null {
  return parameter(forwarded, 'proto');
}

function parameter(forwarded: string, name: string): string | null {
  const first = forwarded.split(',', 1)[0]!;
  for (const pair of first.split(';')) {
    const [key = '', ...rest] = pair.split('=');
    if (key.trim().toLowerCase() === name)
      return rest
        .join('=')
        .trim()
        .replace(/^"(.*)"$/, '$1');
  }
  return null;
}

/**
 * An address in its shortest form, or null when `text` is none. IPv4 mapped into IPv6 stays mapped (P-16); a zone
 * (`fe80::1%eth0`) is left out.
 */
export function plainAddress(text: string): string | null {
  const family = isIP(text);
  if (family === 4) return text;
  if (family === 0) return null;
  const host = new URL(`http://[${text.split('%', 1)[0]}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(host);
  if (!mapped) return host;
  const high = Number.parseInt(mapped[1]!, 16);
  const low = Number.parseInt(mapped[2]!, 16);
  return `::ffff:${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}
