import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { StartError } from '@overdue/observability';

/**
 * Makes sure that `path` is a directory that we may write into.
 * @param variable that names it, or a directory above it
 * @throws StartError with the path
 */
export function makeDirectory(path: string, variable: 'DATA_DIR' | 'SPOOL_DIR', mode = 0o777): void {
  try {
    make(resolve(path), mode);
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new StartError(
      `The directory ${path} (${variable}) cannot be used: ${(error as Error).message}. ` +
        `Give it to the user that runs Overdue, or set ${variable} to another directory.`,
    );
  }
}

/** One level at a time: Node's own recursive mkdir goes round for ever where the system says ENOENT (in /proc). */
function make(path: string, mode: number): void {
  if (isDirectory(path)) return;
  make(dirname(path), mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Somebody else was faster; or it is a link to nowhere.
    if (!isDirectory(path)) throw error;
  }
}

/** @throws when there is something else */
function isDirectory(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found && !found.isDirectory()) throw new Error(`${path} is not a directory`);
  return found !== undefined;
}
