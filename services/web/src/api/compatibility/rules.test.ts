/** The reference's rules M-1…M-91: each is named by a case, so that whoever reads a rule finds how it is tested. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const RULES = Array.from({ length: 91 }, (_, i) => i + 1);

/** This suite, its neighbours, and the pages: M-91 is one. */
const FOLDERS = ['.', '..', '../../ui/'].map((path) => new URL(path, import.meta.url));

test('every rule is named by a test', () => {
  const named = new Set<number>();
  for (const folder of FOLDERS) {
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.test.ts') && name !== 'rules.test.ts')) {
      const source = readFileSync(new URL(file, folder), 'utf8');
      for (const [, first, last = first] of source.matchAll(/\bM-(\d+)(?:…M-(\d+))?/g)) {
        for (let rule = Number(first); rule <= Number(last); rule++) named.add(rule);
      }
    }
  }
  expect(RULES.filter((rule) => !named.has(rule))).toEqual([]);
});
