/** docs/integrations.md against the kinds that there are. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig, type Name } from '@overdue/config';
import { KINDS, type Kind, notificationOptions } from '@overdue/notifications';
import { expect, test } from 'vitest';
import { ROOT } from '../support/product.ts';

const PAGE = readFileSync(join(ROOT, 'docs/integrations.md'), 'utf8');
const ROWS = [...PAGE.matchAll(/^\| ([^|`]+) \| (.+) \| (.*)\|$/gm)]
  .map((row) => row.slice(1).map((cell) => cell.trim()))
  .filter(([label]) => label !== 'integration' && label !== 'written') as [
  label: string,
  entered: string,
  set: string,
][];

const kinds = KINDS as readonly Kind[];
const isOn = (kind: Kind, env: Record<string, string>) => kind.enabled(notificationOptions(loadConfig(env), 'secret'));

test('every kind has a row, and every row is a kind', () => {
  expect(ROWS.map(([label]) => label).sort()).toEqual(kinds.map((kind) => kind.label).sort());
});

test.each(kinds)('$label: what has to be entered, and what the operator has to set', (kind) => {
  const [, entered, set] = ROWS.find(([label]) => label === kind.label)!;
  const required = (kind.form?.fields ?? []).filter((field) => field.required).map((field) => field.label);
  expect(required.filter((label) => !entered.includes(label))).toEqual([]);
  if (kind.kind === 'email') return; // Offered without EMAIL_HOST, too.
  expect(set === '').toBe(isOn(kind, {}));
  if (set.includes('*')) return;
  const named = [...set.matchAll(/`([A-Z_]+)(?:=True)?`/g)].map((match) => match[1] as Name);
  const values: Record<string, string> = { SHELL_ENABLED: 'True', MATRIX_HOMESERVER: 'https://matrix.example.org' };
  expect(isOn(kind, Object.fromEntries(named.map((name) => [name, values[name] ?? 'x'])))).toBe(true);
});
