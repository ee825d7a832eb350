/** The query string of a ping URL (P-13 to P-15). */
export interface PingQuery {
  /** Null: absent. `invalid`: present, but not a UUID. Otherwise lower-case canonical text. */
  readonly rid: string | null | 'invalid';
  /** `create=1`: make the check if its slug is free. */
  readonly create: boolean;
}

const NOTHING: PingQuery = { rid: null, create: false };
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * Reads the raw query (without `?`; from a `#` on it is not for the server). The last of a repeated parameter counts; names are case-sensitive; other
 * parameters are ignored, broken percent-encoding included (it makes a `rid` invalid, and nothing else).
 */
export function parseQuery(query: string): PingQuery {
  if (query === '') return NOTHING;
  const fragment = query.indexOf('#');
  if (fragment >= 0) query = query.slice(0, fragment);
  let rid: string | null = null;
  let create: string | null = null;
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    if (name !== 'rid' && name !== 'create') continue;
    const value = decode(equals < 0 ? '' : pair.slice(equals + 1));
    if (name === 'rid') rid = value.toLowerCase();
    else create = value;
  }
  return { rid: rid === null || UUID.test(rid) ? rid : 'invalid', create: create === '1' };
}

function decode(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}
