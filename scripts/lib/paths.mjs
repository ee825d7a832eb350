import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root, whatever directory the command was given in. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** What scripts remember between runs and may always be deleted; not in git. */
export const SCRATCH = join(ROOT, '.overdue');

/** Every workspace package's directory, relative to the root. */
export function workspaceFolders() {
  const inside = (group) =>
    existsSync(join(ROOT, group)) ? readdirSync(join(ROOT, group)).map((name) => `${group}/${name}`) : [];
  return [...inside('packages'), ...inside('services'), 'test'].filter((folder) =>
    existsSync(join(ROOT, folder, 'package.json')),
  );
}
