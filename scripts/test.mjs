/** `npm test`: lint, layers, dead code, types, every test. Ends with the counts. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, SCRATCH } from './lib/paths.mjs';
import { prepare, TSC } from './lib/prepare.mjs';
import { run } from './lib/run.mjs';

const RESULTS = join(SCRATCH, 'test-results.json');
const bin = (name) => join(ROOT, 'node_modules', '.bin', name);

/** Each counts as one test. */
const CHECKS = [
  ['lint and format', bin('biome'), ['check', '--error-on-warnings', '.']],
  ['layers', process.execPath, ['scripts/check-layers.mjs']],
  ['dead code', bin('knip'), ['--no-progress']],
  ['types and build', process.execPath, [TSC, '-b']],
];

/**
 * @param {readonly string[]} args given to vitest; with any, the checks that look at the whole tree are left out
 * @returns {Promise<number>} the exit code
 */
export async function runTests(args) {
  await prepare({ build: false });
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const [name, command, commandArgs] of args.length === 0 ? CHECKS : CHECKS.slice(-1)) {
    const began = performance.now();
    const code = await run(command, commandArgs);
    total[code === 0 ? 'passed' : 'failed'] += 1;
    console.log(`${code === 0 ? '✓' : '✗'} ${name} ${Math.round(performance.now() - began)} ms`);
  }
  const tests = await vitest(args);
  for (const key of Object.keys(total)) total[key] += tests[key];
  // Alone on the last line; .ci/run and its readers rely on the form.
  console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
  return total.failed === 0 ? 0 : 1;
}

async function vitest(args) {
  mkdirSync(SCRATCH, { recursive: true });
  rmSync(RESULTS, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${RESULTS}`];
  const code = await run(bin('vitest'), ['run', ...reporters, ...args]);
  const counts = readCounts();
  // A file that cannot be loaded or an error outside a test fails the run without a failed test.
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

function readCounts() {
  try {
    const results = JSON.parse(readFileSync(RESULTS, 'utf8'));
    const broken = results.testResults.filter(
      (f) => f.status === 'failed' && !f.assertionResults.some(isFailed),
    ).length;
    return {
      passed: results.numPassedTests,
      failed: results.numFailedTests + broken,
      skipped: results.numPendingTests + results.numTodoTests,
    };
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
}

function isFailed(assertion) {
  return assertion.status === 'failed';
}
