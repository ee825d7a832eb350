import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
// @ts-expect-error plain JavaScript: it runs before anything is built
import { breaches, imports } from './check-layers.mjs';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'overdue-layers-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, content: unknown): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content));
}

function workspacePackage(folder: string, uses: readonly string[], source: string): void {
  write(`${folder}/package.json`, { dependencies: Object.fromEntries(uses.map((u) => [`@overdue/${u}`, 'x'])) });
  write(`${folder}/tsconfig.json`, { references: uses.map((u) => ({ path: `../../packages/${u}` })) });
  write(`${folder}/src/index.ts`, source);
}

test('a tree that keeps to the table has no breach', () => {
  workspacePackage('packages/database', ['clock'], `import type { Clock } from '@overdue/clock';`);
  workspacePackage('services/web', ['database', 'clock'], `import '@overdue/database/testing';`);
  expect(breaches(root, ['packages/database', 'services/web'])).toEqual([]);
});

test('an upward dependency, an undeclared import and an import across a border are each named with their place', () => {
  workspacePackage('packages/clock', ['database'], `export * from '@overdue/checks';`);
  workspacePackage('services/web', [], `const x = await import('../../ingester/src/main.ts');`);
  workspacePackage('services/sendalerts', ['ingester'], '');
  expect(breaches(root, ['packages/clock', 'services/web', 'services/sendalerts'])).toEqual([
    'packages/clock/package.json: clock may not depend on database',
    'packages/clock/src/index.ts: imports @overdue/checks, which package.json does not name',
    'services/web/src/index.ts: imports ../../ingester/src/main.ts, which lies outside services/web',
    'services/sendalerts/package.json: sendalerts may not depend on ingester',
  ]);
});

test('the folders of a service use each other one way; tests may use what is there for tests', () => {
  workspacePackage('services/web', [], `import './ui/page.ts';\nimport './rows/check.ts';`);
  write('services/web/src/rows/check.ts', `import { notFound } from '../http/errors.ts';`);
  write('services/web/src/http/visit.ts', `import '../rows/check.ts';\nimport '../ui/page.ts';\nimport '../site.ts';`);
  write('services/web/src/ui/page.ts', `import '../http/visit.ts';\nimport '../testing/sink.ts';`);
  write('services/web/src/ui/page.test.ts', `import '../testing/sink.ts';`);
  write('services/web/src/extra/x.ts', `import '../ui/page.ts';`);
  expect(breaches(root, ['services/web']).sort()).toEqual([
    'services/web/src/extra/x.ts: add services/web/src/extra to the table in scripts/check-layers.mjs',
    'services/web/src/http/visit.ts: http/ may not use ui/',
    'services/web/src/rows/check.ts: rows/ may not use http/',
    'services/web/src/ui/page.ts: ui/ may not use testing/',
  ]);
});

test('references and dependencies must agree', () => {
  workspacePackage('packages/database', ['clock'], '');
  write('packages/database/tsconfig.json', { references: [{ path: '../config' }] });
  expect(breaches(root, ['packages/database'])).toEqual([
    'packages/database/tsconfig.json: no reference to clock, which package.json names',
    'packages/database/tsconfig.json: references config, which package.json does not name',
  ]);
});

test('every form of import is seen', () => {
  const text = `import a from 'a';\nimport 'b';\nexport { c } from "c";\nimport type {\n  D,\n} from 'd';\nawait import('e');`;
  expect(imports(text)).toEqual(['a', 'b', 'c', 'd', 'e']);
});
