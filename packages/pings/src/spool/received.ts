import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Covered } from '@overdue/checks';

/** In SPOOL_DIR, while the database is away: the stretches in which this ingester was receiving, all of it safe here. */
const RECEIVED_FILE = 'received.json';

/** What an earlier process left; nothing when there is no such file, or it cannot be read. */
export function readReceived(directory: string): Covered[] {
  try {
    const stretches: unknown = JSON.parse(readFileSync(join(directory, RECEIVED_FILE), 'utf8'));
    return Array.isArray(stretches) && stretches.every(isStretch) ? stretches : [];
  } catch {
    return [];
  }
}

function isStretch(value: unknown): value is Covered {
  const { from, until } = (value ?? {}) as Partial<Covered>;
  return Number.isSafeInteger(from) && Number.isSafeInteger(until);
}

/**
 * Keeps the stretches for the next process, in case this one is killed; none: the database knows them. A disk that does
 * not take it costs no ping: the next process then vouches for less.
 */
export function keepReceived(directory: string, stretches: readonly Covered[]): void {
  const path = join(directory, RECEIVED_FILE);
  try {
    if (stretches.length === 0) {
      rmSync(path, { force: true });
      return;
    }
    writeFileSync(`${path}.new`, JSON.stringify(stretches));
    renameSync(`${path}.new`, path);
  } catch {
    // See above.
  }
}
