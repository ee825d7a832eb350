import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { helpText, loadConfig, markdown, SETTINGS } from './index.ts';
import type { Definition } from './setting.ts';
import { TABLE } from './table.ts';

it('docs/configuration.md is what the table says (npx tsc -b packages/config && node scripts/generate-config-docs.mjs)', () => {
  expect(readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8')).toBe(markdown());
});

describe.each(SETTINGS)('$name', ({ name, description, readBy, later }) => {
  it('is in the help and in the documentation', () => {
    expect(helpText()).toContain(`\n  ${name}  (`);
    expect(markdown()).toContain(`\n| \`${name}\` | `);
  });

  it('has a description in sentences, and readers unless nothing reads it yet', () => {
    expect(description).toMatch(/^\S.*\.\)?$/s);
    expect(readBy.length === 0).toBe(later);
  });

  it('prints its default as text that gives the same value', () => {
    const value = loadConfig({})[name];
    const printed = (TABLE[name] as Definition<unknown>).type.print(value);
    // Nothing printed means "leave it unset", which an empty text need not be.
    if (printed !== '') expect(loadConfig({ [name]: printed })[name]).toEqual(value);
  });
});

it('is in one group only', () => {
  const names = SETTINGS.map((setting) => setting.name);
  expect(new Set(names).size).toBe(names.length);
  expect([...names].sort()).toEqual(Object.keys(TABLE).sort());
});
