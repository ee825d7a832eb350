/** `npm test`: lint, layers, dead code, types, every test. Ends with the counts. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, SCRATCH } from './lib/paths.mjs';
import { PrepareError, prepare } from './lib/prepare.mjs';
import { run } from './lib/run.mjs';

const RESULTS = join(SCRATCH, 'test-results.json');
const bin = (name) => join(ROOT, 'node_modules', '.bin', name);

/** Each counts as one test, and says whether it passed. */
const CHECKS = {
  'lint and format': () => succeeds(bin('biome'), ['check', '--error-on-warnings', '.']),
  layers: () => succeeds(process.execPath, ['scripts/check-layers.mjs']),
  'dead code': () => succeeds(bin('knip'), ['--no-progress', '--no-config-hints']),
  'types and build': build,
};

/**
 * @param {readonly string[]} args given to vitest; with any, the checks that look at the whole tree are left out
 * @returns {Promise<number>} the exit code
 */
export async function runTests(args) {
  await prepare('nothing');
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const [name, check] of Object.entries(CHECKS)) {
    if (args.length > 0 && check !== build) continue;
    const began = performance.now();
    const ok = await check();
    total[ok ? 'passed' : 'failed'] += 1;
    console.log(`${ok ? '✓' : '✗'} ${name} ${Math.round(performance.now() - began)} ms`);
  }
  const tests = await vitest(args);
  for (const key of Object.keys(total)) total[key] += tests[key];
  // Alone on the last line; .ci/run and its readers rely on the form.
  console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
  return total.failed === 0 ? 0 : 1;
}

async function succeeds(command, args) {
  return (await run(command, args)) === 0;
}

async function build() {
  try {
    await prepare('everything');
    return true;
  } catch (error) {
    if (error instanceof PrepareError) return false;
    throw error;
  }
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
