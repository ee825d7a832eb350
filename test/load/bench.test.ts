import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const BENCH = fileURLToPath(new URL('../dist/load/bench.js', import.meta.url));

test.each([
  ['--help', 0, 'stdout', /^npm run bench /],
  ['--nonsense', 2, 'stderr', /^Unknown option '--nonsense'[\s\S]*\nnpm run bench /],
] as const)('%s says how it is used, without a stack', (option, code, stream, words) => {
  const run = spawnSync(process.execPath, [BENCH, option], { encoding: 'utf8' });
  expect(run.status).toBe(code);
  expect(run[stream]).toMatch(words);
  expect(run.stderr).not.toContain('    at ');
});
