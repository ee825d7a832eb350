/** What the documentation and comments point at has to be there. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../support/product.ts';

/** Below these folders of the repository. */
function filesOf(folder: string, ending: RegExp, recursive = true): string[] {
  return readdirSync(join(ROOT, folder), { recursive })
    .map((file) => join(folder, String(file)))
    .filter((file) => ending.test(file));
}

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

const PAGES = [
  ...filesOf('.', /\.md$/, false),
  ...filesOf('docs', /\.md$/, false),
  ...filesOf('docs/compatibility', /\.md$/, false),
];

test.each(PAGES)('%s names only files that are there', (page) => {
  const text = read(page);
  const named = [...text.matchAll(/`((?:services|packages|test|scripts|infra|docs)\/[\w./*-]*)`/g)]
    .map((match) => match[1]!)
    .filter((path) => !path.includes('*') && !path.includes('00NN'));
  const linked = [...text.matchAll(/\]\((?!https?:|#|\/)([^)#\s]+)/g)].map((match) => join(dirname(page), match[1]!));
  // Pages that the product makes, beside those of docs/.
  const made = ['docs/reference/'];
  const missing = [...named, ...linked].filter((path) => !made.includes(path) && !existsSync(join(ROOT, path)));
  expect(missing).toEqual([]);
});

test('comments cite pages that are there', () => {
  const pages = new Set(
    filesOf('docs', /\.md$/)
      .concat(PAGES)
      .map((page) => basename(page)),
  );
  const inside = (group: string) => readdirSync(join(ROOT, group)).map((name) => join(group, name, 'src'));
  const tests = readdirSync(join(ROOT, 'test')).filter((name) => name !== 'node_modules' && name !== 'dist');
  const folders = [...inside('packages'), ...inside('services'), 'scripts', ...tests.map((name) => join('test', name))];
  const missing = folders
    .filter((folder) => existsSync(join(ROOT, folder)) && statSync(join(ROOT, folder)).isDirectory())
    .flatMap((folder) => filesOf(folder, /\.(tsx?|mjs)$/))
    .flatMap((file) =>
      read(file)
        .split('\n')
        .filter((line) => line.includes('.md') && /^\s*(\*|\/\*\*|\/\/)/.test(line))
        .flatMap((line) => line.match(/\b[a-z][a-z-]*\.md\b/g) ?? [])
        .filter((page) => !pages.has(page))
        .map((page) => `${file}: ${page}`),
    );
  expect(missing).toEqual([]);
});
