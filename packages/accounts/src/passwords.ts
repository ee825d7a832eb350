import { hash, verify } from '@node-rs/argon2';

/** Counted after trimming (accounts.md PW-2, SI-13). */
export const MIN_PASSWORD = 8;
/** Longer ones are refused rather than cut; hashing stays bounded. */
export const MAX_PASSWORD = 1000;

/** Argon2id with 19 MiB, two passes, one lane: the recommendation of OWASP. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** What is wrong with a new password, in words for the person; null when nothing is. */
export function passwordProblem(password: string): string | null {
  const length = [...password.trim()].length;
  if (length < MIN_PASSWORD) return `Use at least ${MIN_PASSWORD} characters.`;
  if (length > MAX_PASSWORD) return `Use at most ${MAX_PASSWORD} characters.`;
  return null;
}

/** The stored form: an argon2id PHC string. Spaces at both ends do not count. */
export function hashPassword(password: string): Promise<string> {
  return hash(password.trim(), COST);
}

let decoy: Promise<string> | undefined;

/**
 * Whether `password` is the one behind `stored`. Without a stored hash the same work is done against a decoy, so the
 * time taken does not tell whether an account exists.
 */
export async function verifyPassword(stored: string | null, password: string): Promise<boolean> {
  const given = password.length > MAX_PASSWORD * 4 ? '' : password.trim();
  if (stored === null) {
    decoy ??= hash('no account has this password', COST);
    await verify(await decoy, given);
    return false;
  }
  return verify(stored, given);
}
