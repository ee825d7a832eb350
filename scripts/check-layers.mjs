/**
 * The direction of dependencies (docs/architecture.md): which workspace package may use which, and that package.json,
 * the TypeScript references and the imports all say the same.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT, workspaceFolders } from './lib/paths.mjs';

/** What each package may use. Services and tests are not here: see {@link mayUse}. */
export const ALLOWED = {
  clock: [],
  config: [],
  schedules: [],
  observability: ['clock'],
  database: ['clock'],
  checks: ['schedules'],
  pings: ['checks', 'clock', 'database', 'schedules'],
  queue: ['clock', 'database'],
  notifications: ['checks', 'clock', 'database', 'schedules'],
  accounts: ['clock', 'database'],
  operations: ['checks', 'clock', 'database', 'schedules'],
  cli: ['accounts', 'checks', 'clock', 'config', 'database', 'notifications', 'observability', 'operations', 'pings', 'queue', 'schedules'], // biome-ignore format: one package a line
};

/** Which folders of a service's src may use which others; its own files beside them (app.ts …) put them together. */
export const FOLDERS = {
  'services/web': {
    rows: [],
    http: ['rows'],
    api: [],
    ui: ['api', 'http', 'rows'],
    live: ['http', 'rows', 'ui'],
    testing: [],
  },
};

/** Every breach in the tree at `root`, in words, one for each place. */
export function breaches(root = ROOT, folders = workspaceFolders()) {
  const found = [];
  for (const folder of folders) {
    const name = folder.split('/').at(-1);
    const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const declared = new Set(workspaceNames({ ...manifest.dependencies, ...manifest.devDependencies }));
    const allowed = mayUse(folder, folders);
    if (!allowed) {
      found.push(`${folder}: add it to the table in scripts/check-layers.mjs`);
      continue;
    }
    for (const used of declared) {
      if (!allowed.includes(used)) found.push(`${folder}/package.json: ${name} may not depend on ${used}`);
    }
    const referenced = references(root, folder);
    for (const used of declared) {
      if (!referenced.has(used))
        found.push(`${folder}/tsconfig.json: no reference to ${used}, which package.json names`);
    }
    for (const used of referenced) {
      if (!declared.has(used))
        found.push(`${folder}/tsconfig.json: references ${used}, which package.json does not name`);
    }
    for (const file of sources(join(root, folder))) {
      for (const specifier of imports(readFileSync(file, 'utf8'))) {
        const problem = importProblem({ root, folder, file, specifier, declared });
        if (problem) found.push(`${relative(root, file)}: ${problem}`);
        const inside = folderProblem({ src: join(root, folder, 'src'), folder, file, specifier });
        if (inside) found.push(`${relative(root, file)}: ${inside}`);
      }
    }
  }
  return found;
}

/** Packages keep to the table; services use every package; the tests use services too (test/sim runs their work itself). */
function mayUse(folder, folders) {
  if (folder.startsWith('packages/')) return ALLOWED[folder.slice('packages/'.length)];
  const services = folders
    .filter((other) => other.startsWith('services/'))
    .map((other) => other.slice('services/'.length));
  return [...Object.keys(ALLOWED), ...(folder === 'test' ? services : [])];
}

function importProblem({ root, folder, file, specifier, declared }) {
  if (specifier.startsWith('.')) {
    const target = relative(join(root, folder), resolve(dirname(file), specifier));
    return target.startsWith('..') ? `imports ${specifier}, which lies outside ${folder}` : undefined;
  }
  const used = /^@overdue\/([^/]+)/.exec(specifier)?.[1];
  return used && !declared.has(used) ? `imports ${specifier}, which package.json does not name` : undefined;
}

/** Within a service: its folders use each other one way. Tests may use what is there for tests. */
function folderProblem({ src, folder, file, specifier }) {
  const table = FOLDERS[folder];
  if (!table || !specifier.startsWith('.')) return undefined;
  const from = folderOf(src, file);
  const to = folderOf(src, resolve(dirname(file), specifier));
  if (from === undefined || to === undefined || from === to) return undefined;
  if (!table[from]) return `add ${folder}/src/${from} to the table in scripts/check-layers.mjs`;
  const forTests = to === 'testing' && /\.test\.tsx?$/.test(file);
  return forTests || table[from].includes(to) ? undefined : `${from}/ may not use ${to}/`;
}

/** The first folder below `src` on the way to the file; undefined for what lies in `src` itself. */
function folderOf(src, file) {
  const [first, ...rest] = relative(src, file).split('/');
  return rest.length === 0 || first === '..' ? undefined : first;
}

function workspaceNames(dependencies) {
  return Object.keys(dependencies)
    .filter((name) => name.startsWith('@overdue/'))
    .map((name) => name.slice('@overdue/'.length));
}

function references(root, folder) {
  const config = JSON.parse(readFileSync(join(root, folder, 'tsconfig.json'), 'utf8'));
  return new Set((config.references ?? []).map(({ path }) => path.split('/').at(-1)));
}

/** What the text imports: statements, re-exports, dynamic imports and types in docstrings alike. */
export function imports(text) {
  return [...text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)(['"])([^'"\n]+)\1/g)].map((match) => match[2]);
}

function* sources(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name === 'public') continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (/\.tsx?$/.test(entry.name)) yield path;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const found = breaches();
  for (const breach of found) console.error(breach);
  process.exitCode = found.length === 0 ? 0 : 1;
}
