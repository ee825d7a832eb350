import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { describeConfig, helpText, loadConfig, markdown, type Name, SETTINGS } from './index.ts';
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

describe('describeConfig', () => {
  it('shows values as one would write them', () => {
    const shown = describeConfig(
      loadConfig({ PING_BODY_LIMIT: 'None', ALLOWED_HOSTS: 'a.org,localhost', DEBUG: 'True' }),
    );
    expect(shown).toMatchObject({ PING_BODY_LIMIT: 'None', ALLOWED_HOSTS: 'a.org,localhost', DEBUG: 'True' });
    expect(shown.SMTPD_PORT).toBe('(none)');
  });

  it('shows of URLs with passwords where they lead', () => {
    const shown = describeConfig(
      loadConfig({
        DATABASE_URL: 'postgres://user:hunter2@h1,h2:1/db?password=hunter2',
        REDIS_URL: 'rediss://:hunter2@r:1/2',
        http_proxy: 'http://user:hunter2@p:3128',
        https_proxy: 'user:hunter2@p:3128',
      }),
    );
    expect(shown).toMatchObject({
      DATABASE_URL: 'postgres://********@h1:5432,h2:1/db',
      REDIS_URL: 'rediss://********@r:1/2',
      http_proxy: 'http://********@p:3128',
      https_proxy: '********@p:3128',
    });
    expect(JSON.stringify(shown)).not.toContain('hunter2');
  });

  it('shows no secret', () => {
    const secret = 'hunter2hunter2';
    const urls: Partial<Record<Name, string>> = {
      DATABASE_URL: `postgres://${secret}@h`,
      REDIS_URL: `redis://${secret}@h`,
      http_proxy: `http://${secret}@h`,
      https_proxy: `https://${secret}@h`,
    };
    const names = SETTINGS.filter((setting) => setting.secret).map((setting) => setting.name);
    expect(names.length).toBeGreaterThan(15);
    const shown = describeConfig(loadConfig(Object.fromEntries(names.map((name) => [name, urls[name] ?? secret]))));
    expect(JSON.stringify(shown)).not.toContain(secret);
    for (const name of names) expect(shown[name]).toContain('********');
  });
});
