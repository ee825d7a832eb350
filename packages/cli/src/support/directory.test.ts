import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@overdue/clock';
import { loadConfig } from '@overdue/config';
import { StartError } from '@overdue/observability';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { examineStorage } from '../doctor/storage.ts';
import { dataDirHolder, lockDataDir } from './data-dir-lock.ts';
import { makeDirectory } from './directory.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'overdue-directory-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a directory is made with all above it; one that is there stays as it is', () => {
  const path = join(folder, 'a', 'b');
  makeDirectory(path, 'SPOOL_DIR', 0o700);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  makeDirectory(path, 'SPOOL_DIR');
  expect(statSync(path).mode & 0o777).toBe(0o700);
});

const impossible: [string, () => string][] = [
  ['a file', () => join(folder, 'file')],
  ['below a file', () => join(folder, 'file', 'a', 'b')],
  ['a link to nowhere', () => join(folder, 'link')],
];
// Where the system answers ENOENT, whatever is asked for.
if (process.platform === 'linux') impossible.push(['in /proc', () => '/proc/no/such']);

test.each(impossible)('%s: the lock, the doctor and whoever asks say so with the path', async (_, path) => {
  writeFileSync(join(folder, 'file'), '');
  symlinkSync(join(folder, 'nowhere'), join(folder, 'link'));
  const config = loadConfig({ DATA_DIR: path() });
  const named = `The directory ${path()}`;
  expect(() => makeDirectory(path(), 'DATA_DIR')).toThrow(named);
  await expect(lockDataDir(path(), systemClock)).rejects.toThrow(StartError);
  expect(await dataDirHolder(path(), systemClock)).toBeNull();
  const found = await examineStorage(config, systemClock);
  expect(found.map(({ level, subject }) => [level, subject])).toEqual([
    ['wrong', 'data'],
    ['wrong', 'spool'],
  ]);
  expect(found[0]!.text).toContain(named);
});
