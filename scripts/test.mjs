/**
 * `npm run check`: lint, layers, dead code, types. `npm test`: the same and every test. `npm run ci`: that, then more of
 * the simulation, and what depends on the version of PostgreSQL, on each one that we support. All end with the counts.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { ROOT, SCRATCH } from './lib/paths.mjs';
import { fetchPostgres, POSTGRES_VERSIONS } from './lib/postgres-versions.mjs';
import { PrepareError, prepare } from './lib/prepare.mjs';
import { run } from './lib/run.mjs';

const bin = (name) => join(ROOT, 'node_modules', '.bin', name);

/** What failed, told again at the end: of a long output often only that is looked at, or kept. */
const failures = [];

/** Each counts as one test, and says whether it passed. */
const CHECKS = {
  'lint and format': () => succeeds(bin('biome'), ['check', '--error-on-warnings', '.']),
  layers: () => succeeds(process.execPath, ['scripts/check-layers.mjs']),
  'dead code': () => succeeds(bin('knip'), ['--no-progress', '--no-config-hints']),
  'types and build': build,
  'types of what browsers run': () => succeeds(bin('tsc'), ['-p', 'services/web/tsconfig.public.json']),
};

/** Where most of our SQL is run, and all of it that is not ordinary. */
const DEPENDS_ON_POSTGRES = [
  'packages/accounts',
  'packages/database',
  'packages/operations',
  'packages/pings/src',
  'packages/queue/src/postgres-queue.test.ts',
  'services/ingester/src/http/addresses.test.ts',
  'services/ingester/src/http/answers.test.ts',
  'services/ingester/src/http/effects.test.ts',
  'services/sendalerts',
  'services/sendreports',
];

/**
 * `npm run check`.
 * @returns {Promise<number>} the exit code
 */
export async function runChecks() {
  return report([await checks(false)]);
}

/**
 * `npm test`.
 * @param {readonly string[]} args given to vitest; with any, the checks that look at the whole tree are left out
 * @returns {Promise<number>} the exit code
 */
export async function runTests(args) {
  return report([await checks(args.length > 0), await vitest('test-results', args)]);
}

/**
 * `npm run ci`.
 * @returns {Promise<number>} the exit code
 */
export async function runEverything() {
  const counts = [await checks(false), await vitestTwice('test-results', []), await simulate()];
  for (const version of POSTGRES_VERSIONS) counts.push(await onPostgres(version));
  return report(counts);
}

/** At once: one computes while another waits for its database. */
const SIMULATIONS = 2;
/** Of each of them. */
const RUNS = 1000;
/** In seconds: a machine on which they take longer has fewer, says so, and comes to no other verdict for that. */
const SIMULATED_FOR = 200;

/** Always the same: whether a commit passes is not to depend on luck. Others are for `npm run bench -- sim`. */
const FIRST_SEED = 1_000_000;

/** Runs of the simulation (test/sim) that `npm test` does not have. */
async function simulate() {
  console.log(`Simulation of ${SIMULATIONS * RUNS} seeds; one replays with: npm run sim -- --seed N`);
  const codes = await Promise.all(
    Array.from({ length: SIMULATIONS }, (_, i) => {
      const from = FIRST_SEED * (i + 1);
      const seeds = [`--seeds=${from}..${from + RUNS - 1}`, `--seconds=${SIMULATED_FOR}`, '--no-shrink'];
      return run(process.execPath, [join(ROOT, 'test/dist/sim/main.js'), ...seeds]);
    }),
  );
  for (const [i, code] of codes.entries()) {
    if (code !== 0) failures.push(`simulation, seeds from ${FIRST_SEED * (i + 1)} on: its output says which`);
  }
  const failed = codes.filter((code) => code !== 0).length;
  return { passed: codes.length - failed, failed, skipped: 0 };
}

/** A server that cannot be had counts as a failure: nothing is left out unseen. */
async function onPostgres(version) {
  const [major] = version.split('.');
  console.log(`On PostgreSQL ${major}:`);
  let binaries;
  try {
    binaries = await fetchPostgres(version);
  } catch (error) {
    failures.push(`PostgreSQL ${version} could not be fetched: ${error.message}`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
  return await vitestTwice(`test-results-postgres-${major}`, DEPENDS_ON_POSTGRES, { TEST_POSTGRES_BINARIES: binaries });
}

async function checks(onlyBuild) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  await prepare('nothing');
  for (const [name, check] of Object.entries(CHECKS)) {
    if (onlyBuild && check !== build) continue;
    const began = performance.now();
    const ok = await check();
    counts[ok ? 'passed' : 'failed'] += 1;
    if (!ok) failures.push(name);
    console.log(`${ok ? '✓' : '✗'} ${name} ${Math.round(performance.now() - began)} ms`);
  }
  return counts;
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

/** Runs vitest, and counts what it writes to the file `name`.json in the scratch folder. */
async function vitest(name, args, env = {}) {
  const { failed, ...counts } = await runVitest(name, args, env);
  failures.push(...failed.map(({ text }) => `${name}: ${text}`));
  return { ...counts, failed: failed.length };
}

/** Of so many files at most, what failed may be the machine's fault. */
const SECOND_ATTEMPTS = 2;
/** Something that was waited for did not come in time, or a port was taken: no verdict on what came. */
const WAITED =
  /timed out in \d+ms|Not within \d+ s|__VITEST_POLL_CHAIN__|Timeout \d+ms exceeded|EADDRINUSE|ECONNREFUSED/;

/**
 * The same for CI, whose machine may stand still for minutes: a few files in which something was only waited for in vain
 * run once more, with nothing beside them, and what they say then counts. What they said first is told all the same.
 */
async function vitestTwice(name, args, env = {}) {
  const first = await runVitest(name, args, env);
  const files = [...new Set(first.failed.map(({ file }) => file))];
  const mayPass = first.failed.length > 0 && first.failed.every(({ file, text }) => file !== null && WAITED.test(text));
  const texts = (failed) => failed.map(({ text }) => `${name}: ${text}`);
  if (!mayPass || files.length > SECOND_ATTEMPTS) {
    failures.push(...texts(first.failed));
    return { ...first, failed: first.failed.length };
  }
  console.log(`Once more, alone: ${files.join(', ')}`);
  const { failed } = await runVitest(`${name}-once-more`, ['--maxWorkers=1', ...files], env);
  if (failed.length > 0) failures.push(...texts(failed));
  else failures.push(...texts(first.failed).map((text) => `PASSED WHEN RUN ONCE MORE: ${text}`));
  return { ...first, passed: first.passed + first.failed.length - failed.length, failed: failed.length };
}

async function runVitest(name, args, env) {
  const results = join(SCRATCH, `${name}.json`);
  mkdirSync(SCRATCH, { recursive: true });
  rmSync(results, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`];
  const code = await run(bin('vitest'), ['run', ...reporters, ...args], { env });
  const found = readResults(results);
  // An error outside a test fails the run without a failed test.
  if (code !== 0 && found.failed.length === 0) {
    found.failed.push({ file: null, text: `vitest ended with ${code}: its output says why` });
  }
  return found;
}

/** What vitest wrote: how many tests passed or were skipped, and of each of the others its file and what it said. */
function readResults(file) {
  let results;
  try {
    results = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { passed: 0, skipped: 0, failed: [] };
  }
  const failed = results.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const tests = assertionResults.filter((test) => test.status === 'failed');
    const path = relative(ROOT, name);
    // A file that could not be loaded has no failed test.
    if (status === 'failed' && tests.length === 0) return [{ file: path, text: `${path}\n${message}` }];
    return tests.map(({ fullName, failureMessages }) => ({
      file: path,
      text: `${path}: ${fullName}\n${failureMessages.join('\n')}`,
    }));
  });
  return { passed: results.numPassedTests, skipped: results.numPendingTests + results.numTodoTests, failed };
}

/** Prints the sum, and says the exit code. */
function report(counts) {
  const sum = (key) => counts.reduce((total, one) => total + one[key], 0);
  const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')];
  if (failures.length > 0) console.log(`\nTo be looked at:\n\n${failures.map(shortened).join('\n\n')}\n`);
  // Alone on the last line; .ci/run and its readers rely on the form.
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  return failed === 0 ? 0 : 1;
}

const SHOWN_LINES = 25;

function shortened(text) {
  return stripVTControlCharacters(text).split('\n').slice(0, SHOWN_LINES).join('\n');
}
