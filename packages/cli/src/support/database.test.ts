import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@overdue/clock';
import { loadConfig } from '@overdue/config';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DataDirLock, lockDataDir } from './data-dir-lock.ts';
import { databaseProblem, runningEmbeddedTarget, withDatabase } from './database.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'overdue-database-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

test('beside a product on a database elsewhere, a command that is not told of that says so at once', async () => {
  const lock = (await lockDataDir(dataDir, systemClock, false)) as DataDirLock;
  const began = performance.now();
  const words = `Overdue runs on ${dataDir} (process ${process.pid}) with a database of its own`;
  await expect(withDatabase(loadConfig({ DATA_DIR: dataDir }), systemClock, async () => {})).rejects.toThrow(words);
  await expect(runningEmbeddedTarget(dataDir, systemClock)).rejects.toThrow(words);
  expect(performance.now() - began).toBeLessThan(30_000);
  lock.release();
});

test.each([
  [Object.assign(new Error('nobody'), { code: 'ECONNREFUSED' }), 'does not answer: nobody. Check that it runs'],
  [new Error('as it is'), 'cannot be used: as it is'],
  [new Error('Migration 7 failed: x', { cause: new Error('x') }), 'cannot be used: Migration 7 failed: x'],
])('what is wrong with a database, in words: %s', (error, words) => {
  const target = { hosts: [{ host: 'db', port: 5432 }], database: 'd', user: 'u', password: '' };
  expect(databaseProblem(target, error)).toContain(`The database at db:5432/d ${words}`);
});
