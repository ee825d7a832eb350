/** Installs and builds, each only when what it depends on has changed since it last succeeded. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { withLock } from './lock.mjs';
import { ROOT, SCRATCH, workspaceFolders } from './paths.mjs';
import { run } from './run.mjs';

/** `pnpm@…`, as corepack and the Dockerfile read it, too. */
const PNPM = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).packageManager;
const LOCK = join(SCRATCH, 'prepare.lock');
const INSTALLED = join(ROOT, 'node_modules', '.overdue-installed');

/** What is built for whom: running the product does not wait for the tests and benchmarks to be compiled. */
const SCOPES = {
  product: { stamp: join(ROOT, 'node_modules', '.overdue-built'), includes: (folder) => folder !== 'test' },
  everything: { stamp: join(ROOT, 'node_modules', '.overdue-built-all'), includes: () => true },
};

/** A step failed; what went wrong is on the terminal already. */
export class PrepareError extends Error {}

/**
 * Makes the working tree ready to run. When nothing has changed this is some hundred `stat` calls.
 * @param {'product' | 'everything' | 'nothing'} scope what to build; dependencies are installed in any case
 */
export async function prepare(scope = 'product') {
  const build = SCOPES[scope];
  if (isDone(INSTALLED, installKey()) && (!build || isBuilt(build))) return;
  const onWait = () => progress('Waiting for another Overdue command that installs or builds …');
  await withLock(LOCK, onWait, async () => {
    await step(INSTALLED, installKey(), install);
    if (!build || isBuilt(build)) return;
    // The key is taken before: an edit during the build is built by the next command.
    const key = buildKey(build);
    const productKey = buildKey(SCOPES.product);
    await compile(build);
    remember(build.stamp, key);
    // It is a part of everything: whoever starts it beside tests that run must not build under their feet.
    remember(SCOPES.product.stamp, productKey);
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

async function compile(build) {
  const began = Date.now();
  progress('Building …');
  // `tsc -b` trusts its own records; when the output was deleted beside them, it has to be told.
  const force = outputs().every((file) => existsSync(file)) ? [] : ['--force'];
  const projects = workspaceFolders().filter(build.includes);
  const code = await run(process.execPath, [TSC, '-b', ...force, ...projects], { stdout: 'stderr' });
  if (code !== 0) throw new PrepareError(`The build failed (exit code ${code}); see above.`);
  progress(`Built in ${seconds(began)}.`);
}

const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');

function isBuilt(build) {
  return isDone(build.stamp, buildKey(build)) && outputs().every((file) => existsSync(file));
}

/** One file of each package and service that is there when it was built. */
function outputs() {
  const entries = workspaceFolders().flatMap((folder) => [
    { folder, name: 'index' },
    { folder, name: 'main' },
  ]);
  return entries
    .filter(({ folder, name }) => existsSync(join(ROOT, folder, 'src', `${name}.ts`)))
    .map(({ folder, name }) => join(ROOT, folder, 'dist', `${name}.js`));
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
function buildKey(build) {
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
  for (const folder of workspaceFolders().filter(build.includes)) {
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
