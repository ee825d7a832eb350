import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { SETTINGS } from './index.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** The product's sources that could read a setting: not tests, and of this package not what describes the table. */
function sources(): string {
  return ['packages', 'services']
    .flatMap((group) => readdirSync(join(ROOT, group)).map((name) => join(group, name, 'src')))
    .filter((folder) => existsSync(join(ROOT, folder)))
    .flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true }).map((file) => join(folder, String(file))))
    .filter((file) => /\.tsx?$/.test(file) && !/\.test\.tsx?$|\/testing\/|\/testing\.ts$/.test(file))
    .filter((file) => !file.startsWith('packages/config/') || READ_HERE.some((here) => file.endsWith(here)))
    .map((file) => readFileSync(join(ROOT, file), 'utf8'))
    .join('\n');
}

/** Parts of a configuration that this package puts together for everybody. */
const READ_HERE = ['config/src/targets.ts', 'config/src/site.ts', 'config/src/trusted-proxies.ts'];

/** Read by the default of another one only. */
const FOR_DEFAULTS = ['LISTEN_IPV6'];

/** Read as `config.NAME`, taken apart as `{ NAME }`, or named in a type that a configuration fits. */
const reads = (source: string, name: string) =>
  new RegExp(`\\b(?:config|env)\\.${name}\\b|\\b${name}\\b[:,]`).test(source);

it('is read by somebody, unless the documentation says that it is not yet', () => {
  const source = sources();
  const unread = SETTINGS.filter((setting) => !reads(source, setting.name)).map((setting) => setting.name);
  const later = SETTINGS.filter((setting) => setting.later).map((setting) => setting.name);
  expect(unread.filter((name) => !FOR_DEFAULTS.includes(name)).sort()).toEqual([...later].sort());
});
