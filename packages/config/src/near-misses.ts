/** Names in the environment that look like a slip of the pen. */
import { type Name, TABLE } from './table.ts';

export interface NearMiss {
  /** The name in the environment. */
  readonly name: string;
  /** The variable that was probably meant, with _FILE where `name` has it. */
  readonly meant: string;
}

const NAMES = Object.keys(TABLE) as Name[];

/** curl and others have it in upper case too; it is theirs. */
const FOREIGN = new Set(['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']);

/** Names shorter than this are never matched: among short words, neighbours are common (DEBUG, PORT, HOST). */
const SHORTEST = 6;

/**
 * Names that nothing reads but that are one or two letters away from one that is read. An environment is full of
 * other programs' variables, so this is a matter for a warning, not an error. A variable that is set correctly as well
 * is not reported.
 */
export function nearMisses(env: NodeJS.ProcessEnv): NearMiss[] {
  const known = new Set<string>(NAMES.flatMap((name) => [name, `${name}_FILE`]));
  const found: NearMiss[] = [];
  for (const name of Object.keys(env)) {
    if (known.has(name) || FOREIGN.has(name) || name.length < SHORTEST) continue;
    const meant = nearest(name, known);
    if (meant !== undefined && env[meant] === undefined) found.push({ name, meant });
  }
  return found;
}

function nearest(name: string, known: ReadonlySet<string>): string | undefined {
  let best: string | undefined;
  // One slip in a short name, two in a long one.
  let bound = name.length < 10 ? 1 : 2;
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) > bound || candidate.length < SHORTEST) continue;
    const slips = name.toUpperCase() === candidate.toUpperCase() ? 1 : distance(name, candidate);
    if (slips <= bound) {
      best = candidate;
      bound = slips - 1;
    }
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from `a` to `b`. */
export function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
