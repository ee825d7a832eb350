/** Installs and builds, each only when what it depends on has changed since it last succeeded. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { withLock } from './lock.mjs';
import { ROOT, SCRATCH, workspaceFolders } from './paths.mjs';
import { run } from './run.mjs';

const PNPM = 'pnpm@10.34.9';
const LOCK = join(SCRATCH, 'prepare.lock');
const INSTALLED = join(ROOT, 'node_modules', '.overdue-installed');
const BUILT = join(ROOT, 'node_modules', '.overdue-built');

/** A step failed; what went wrong is on the terminal already. */
export class PrepareError extends Error {}

/**
 * Makes the working tree ready to run. When nothing has changed this is some hundred `stat` calls.
 * @param {{ build?: boolean }} options
 */
export async function prepare({ build = true } = {}) {
  if (isDone(INSTALLED, installKey()) && (!build || isBuilt())) return;
  const onWait = () => progress('Waiting for another Overdue command that installs or builds …');
  await withLock(LOCK, onWait, async () => {
    await step(INSTALLED, installKey(), install);
    if (!build || isBuilt()) return;
    // The key is taken before: an edit during the build is built by the next command.
    const key = buildKey();
    await compile();
    remember(BUILT, key);
  });
}

async function step(stamp, key, work) {
  if (isDone(stamp, key)) return;
  await work();
  remember(stamp, key);
}

async function install() {
  const began = Date.now();
  progress('Installing dependencies …');
  // As a fresh clone would: no questions, and the compiler too under NODE_ENV=production.
  const args = ['--yes', PNPM, 'install', '--frozen-lockfile', '--prod=false'];
  const code = await run('npx', args, { stdout: 'stderr', env: { CI: 'true' } });
  if (code !== 0) throw new PrepareError(`Installing the dependencies failed (exit code ${code}); see above.`);
  progress(`Installed in ${seconds(began)}.`);
}

async function compile() {
  const began = Date.now();
  progress('Building …');
  // `tsc -b` trusts its own records; when the output was deleted beside them, it has to be told.
  const force = outputs().every((file) => existsSync(file)) ? [] : ['--force'];
  const code = await run(process.execPath, [TSC, '-b', ...force], { stdout: 'stderr' });
  if (code !== 0) throw new PrepareError(`The build failed (exit code ${code}); see above.`);
  progress(`Built in ${seconds(began)}.`);
}

export const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');

function isBuilt() {
  return isDone(BUILT, buildKey()) && outputs().every((file) => existsSync(file));
}

/** One file of each package that is there when it was built. */
function outputs() {
  return workspaceFolders().flatMap((folder) => {
    if (folder.startsWith('packages/')) return [join(ROOT, folder, 'dist/index.js')];
    return folder.startsWith('services/') ? [join(ROOT, folder, 'dist/main.js')] : [];
  });
}

/** The content of everything that decides what is installed. */
function installKey() {
  const hash = createHash('sha256').update(process.version).update(PNPM);
  const patches = existsSync(join(ROOT, 'patches'))
    ? readdirSync(join(ROOT, 'patches')).map((f) => `patches/${f}`)
    : [];
  const manifests = ['.', ...workspaceFolders()].map((folder) => `${folder}/package.json`);
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...patches, ...manifests]) {
    hash.update(`\0${file}\0`).update(readFileSync(join(ROOT, file)));
  }
  return hash.digest('hex');
}

/** Name, size and time of change of every source; reading them all would take longer than it is worth. */
function buildKey() {
  const hash = createHash('sha256').update(readStamp(INSTALLED));
  const visit = (path) => {
    const stat = statSync(path);
    if (!stat.isDirectory()) {
      hash.update(`\0${path}\0${stat.size}\0${stat.mtimeMs}`);
      return;
    }
    for (const name of readdirSync(path).sort()) if (!SKIPPED.has(name)) visit(join(path, name));
  };
  visit(join(ROOT, 'tsconfig.base.json'));
  visit(join(ROOT, 'tsconfig.json'));
  for (const folder of workspaceFolders()) {
    visit(join(ROOT, folder, 'tsconfig.json'));
    visit(folder === 'test' ? join(ROOT, folder) : join(ROOT, folder, 'src'));
  }
  return hash.digest('hex');
}

const SKIPPED = new Set(['node_modules', 'dist', 'tsconfig.tsbuildinfo', 'vectors', 'public']);

function isDone(stamp, key) {
  return readStamp(stamp) === key;
}

function readStamp(stamp) {
  return existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
}

function remember(stamp, key) {
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, key);
}

/** Progress goes to standard error: the CLI's standard output carries the result only. */
export function progress(text) {
  process.stderr.write(`${text}\n`);
}

function seconds(began) {
  return `${((Date.now() - began) / 1000).toFixed(1)} s`;
}
