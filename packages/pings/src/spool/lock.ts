import { mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Another process has this spool. */
export class SpoolLockedError extends Error {
  override readonly name = 'SpoolLockedError';
}

/**
 * Takes a directory for this process. The lock is a file with the process's id and start time (so that an id used anew
 * is not mistaken for it); a lock of a process that is gone, by kill -9 or a power cut, is taken over.
 * @returns how to give it back
 * @throws {SpoolLockedError}
 */
export function lockDirectory(directory: string): () => void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, 'lock');
  if (ours.has(path)) throw new SpoolLockedError(`The spool ${directory} is already open in this process.`);
  const mine = `${process.pid} ${startOf(process.pid)}\n`;
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      writeFileSync(path, mine, { flag: 'wx', mode: 0o600 });
      ours.add(path);
      return () => {
        ours.delete(path);
        if (readIfThere(path) === mine) unlinkSync(path);
      };
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EEXIST') throw error;
    }
    const held = readIfThere(path);
    const [pid, start] = (held ?? '').trim().split(' ');
    if (held !== null && pid && start && startOf(Number(pid)) === start && held !== mine) {
      throw new SpoolLockedError(
        `The spool ${directory} belongs to process ${pid}. Every ingester needs a directory of its own: ` +
          'stop that process, or set SPOOL_DIR or DATA_DIR.',
      );
    }
    // A dead process's, or one of our own that was not given back.
    if (held !== null && readIfThere(path) === held) unlinkSync(path);
  }
  throw new SpoolLockedError(`The spool ${directory} is being taken by another process.`);
}

/** Locks held by this process. */
const ours = new Set<string>();

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** When a process began, in an unspecified unit; `gone` when there is none. Without /proc: `running`. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name (field 2) is in parentheses and may hold anything; after it, the state (Z: dead, only not yet reaped),
    // and as field 22 the start in ticks since boot.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? 'gone' : fields[19]!;
  } catch {
    try {
      process.kill(pid, 0);
      return 'running';
    } catch {
      return 'gone';
    }
  }
}
