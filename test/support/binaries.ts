import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The path of a program, or null. */
export function findBinary(name: string): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

/**
 * The path of a program that a suite needs. Where it is missing: null, and a line that says what is left out
 * (`describe.skipIf(!path)`); under CI that is an error, so that nothing is left out unseen.
 */
export function requireBinary(name: string): string | null {
  const path = findBinary(name);
  if (path === null && process.env.CI) {
    throw new Error(`${name} is not installed, and CI leaves no suite out: install it.`);
  }
  if (path === null) console.warn(`${name} is not installed: the tests that need it are skipped.`);
  return path;
}
