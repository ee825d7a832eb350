/** The path of a ping URL, in all its forms (ping-api.md section 2). */

/** What the URL says; an exit status says it by its number. */
export type PingAction = 'success' | 'start' | 'fail' | 'log';

/** Which check is meant: by its code, or by its project's ping key and its slug. */
export type PingAddress = { readonly code: string } | { readonly pingKey: string; readonly slug: string };

export interface PingPath {
  readonly address: PingAddress;
  readonly action: PingAction;
  /** From a URL that ends in digits; {@link EXIT_STATUS_TOO_HIGH} stands for every number above 255. */
  readonly exitStatus: number | null;
}

/** Any exit status above 255: `invalid url format`, but only when the check exists (section 4). */
export const EXIT_STATUS_TOO_HIGH = 256;

/** Why a path is no ping URL. */
export type NoPing =
  /** Matches no route: the generic page. */
  | 'no route'
  /** A slug with an upper-case letter: 400 `invalid url format`, before any look-up. */
  | 'upper case';

/**
 * Reads the path of a request, as on the wire (still percent-encoded, without the query). What follows a `#` is not for
 * the server; simple clients send it all the same.
 *
 * Pings live at the root and under `/ping/`; `/heartbeat/UUID` is another name of the success ping. UUID forms are
 * tried before slug forms (P-5), so a bad suffix after a UUID is read as a slug.
 */
export function parsePingPath(path: string): PingPath | NoPing {
  const fragment = path.indexOf('#');
  if (fragment >= 0) path = path.slice(0, fragment);
  if (path.includes('%')) {
    try {
      path = decodeURIComponent(path);
    } catch {
      return 'no route';
    }
  }
  let at = path.charCodeAt(0) === SLASH ? 1 : 0;
  if (path.startsWith('ping/', at)) at += 5;
  if (path.startsWith('heartbeat/', at) && isUuidAt(path, at + 10)) {
    const rest = path.slice(at + 46);
    return rest === '' || rest === '/' ? success(path.slice(at + 10, at + 46)) : 'no route';
  }
  if (isUuidAt(path, at)) {
    const end = at + 36;
    if (path.length === end || (path.length === end + 1 && path.charCodeAt(end) === SLASH)) {
      return success(path.slice(at, end));
    }
    if (path.charCodeAt(end) === SLASH) {
      const suffix = parseSuffix(path.slice(end + 1));
      if (suffix) return { address: { code: path.slice(at, end) }, ...suffix };
    }
  }
  return parseSlugForm(path.slice(at));
}

function success(code: string): PingPath {
  return { address: { code }, action: 'success', exitStatus: null };
}

function parseSlugForm(path: string): PingPath | NoPing {
  const [pingKey = '', slug = '', suffix, more] = path.split('/', 4);
  if (more !== undefined || !isWord(pingKey) || !isWord(slug)) return 'no route';
  let meaning: { action: PingAction; exitStatus: number | null } = { action: 'success', exitStatus: null };
  if (suffix !== undefined) {
    const parsed = parseSuffix(suffix);
    if (!parsed) return 'no route';
    meaning = parsed;
  }
  if (/[A-Z]/.test(slug)) return 'upper case';
  return { address: { pingKey, slug }, ...meaning };
}

function parseSuffix(suffix: string): { action: PingAction; exitStatus: number | null } | null {
  if (suffix === 'start' || suffix === 'fail' || suffix === 'log') return { action: suffix, exitStatus: null };
  if (!/^[0-9]+$/.test(suffix)) return null;
  const exitStatus = Math.min(Number(suffix), EXIT_STATUS_TOO_HIGH);
  return { action: exitStatus === 0 ? 'success' : 'fail', exitStatus };
}

const SLASH = 47;
const HYPHEN = 45;

function isWord(text: string): boolean {
  return /^[A-Za-z0-9_-]+$/.test(text);
}

/** Whether a canonical lower-case UUID begins at `at` (P-1). Written out: every ping comes through here. */
function isUuidAt(text: string, at: number): boolean {
  if (text.length < at + 36) return false;
  for (let i = 0; i < 36; i++) {
    const c = text.charCodeAt(at + i);
    if (i === 8 || i === 13 || i === 18 || i === 23) {
      if (c !== HYPHEN) return false;
    } else if (!((c >= 48 && c <= 57) || (c >= 97 && c <= 102))) {
      return false;
    }
  }
  return true;
}
