import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apply } from './apply.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'overdue-apply-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const TEXT = 'checks: [{ slug: a, name: "é" }]';

test.each([
  ['Latin 1', Buffer.from(TEXT, 'latin1')],
  ['UTF-16', Buffer.from(`\ufeff${TEXT}`, 'utf16le')],
  ['UTF-16 without a mark', Buffer.from('checks: []', 'utf16le')],
])('a file in %s is refused before anything is done', async (_, bytes) => {
  const file = join(folder, 'given.yaml');
  writeFileSync(file, bytes);
  await expect(apply(file, {})).rejects.toMatchObject({ name: 'StartError', message: `${file} is not UTF-8` });
});

test('one that is not there', async () => {
  await expect(apply(join(folder, 'none.yaml'), {})).rejects.toThrow('none.yaml cannot be read: ENOENT');
});
