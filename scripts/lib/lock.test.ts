import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

// Each starts processes, on machines that may be busy.
vi.setConfig({ testTimeout: 120_000 });

const MODULE = new URL('./lock.mjs', import.meta.url).href;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'overdue-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A process that takes the lock, writes to `log` that it came and went, and stays in between for `stay` milliseconds. */
function visitor(stay: number) {
  const script = `
    import { appendFileSync } from 'node:fs';
    import { withLock } from '${MODULE}';
    await withLock('${folder}/lock', () => {}, async () => {
      appendFileSync('${folder}/log', 'in ');
      await new Promise((resolve) => setTimeout(resolve, ${stay}));
      appendFileSync('${folder}/log', 'out ');
    });`;
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
}

test('several processes at the same moment go one after the other', async () => {
  const visitors = Array.from({ length: 5 }, () => visitor(50));
  await Promise.all(visitors.map((child) => once(child, 'exit')));
  expect(readFileSync(join(folder, 'log'), 'utf8')).toBe('in out '.repeat(5));
  expect(existsSync(join(folder, 'lock'))).toBe(false);
});

test('the lock of a process that was killed holds nobody up', async () => {
  const killed = visitor(60_000);
  await expect.poll(() => existsSync(join(folder, 'log'))).toBe(true);
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  writeFileSync(join(folder, 'log'), '');
  const visitors = Array.from({ length: 4 }, () => visitor(20));
  await Promise.all(visitors.map((child) => once(child, 'exit')));
  expect(readFileSync(join(folder, 'log'), 'utf8')).toBe('in out '.repeat(4));
});
