import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { generatedSecretKey } from './secret-key.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'overdue-secret-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

test('made once, of 320 random bits, for its owner only', () => {
  const key = generatedSecretKey(dataDir);
  expect(key).toMatch(/^[A-Za-z0-9_-]{54}$/);
  expect(generatedSecretKey(dataDir)).toBe(key);
  expect(statSync(join(dataDir, 'secret_key')).mode & 0o777).toBe(0o600);
});

test('a file that was cut short is not taken for a key, and not replaced', () => {
  writeFileSync(join(dataDir, 'secret_key'), 'abc\n');
  expect(() => generatedSecretKey(dataDir)).toThrow(/secret_key should hold the generated secret key but is cut short/);
});
