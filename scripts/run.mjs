/**
 * What the scripts of package.json run: makes sure that the dependencies are installed and, where it matters, the sources
 * built, then hands over. Plain Node, because nothing is installed yet.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './lib/paths.mjs';
import { PrepareError, prepare, progress } from './lib/prepare.mjs';
import { endRunning, run } from './lib/run.mjs';

const [command, ...args] = process.argv.slice(2);

const COMMANDS = {
  start: () => overdue(['start', ...args]),
  overdue: () => overdue(args),
  bench: () => compiled('test/dist/load/bench.js'),
  sim: () => compiled('test/dist/sim/main.js'),
  async build() {
    await prepare('everything');
    return 0;
  },
  async format() {
    await prepare('nothing');
    return await run(join(ROOT, 'node_modules/.bin/biome'), ['check', '--write', '.']);
  },
  async check() {
    const { runChecks } = await import('./test.mjs');
    return await runChecks();
  },
  async test() {
    const { runTests } = await import('./test.mjs');
    return await runTests(args);
  },
  async ci() {
    const { runEverything } = await import('./test.mjs');
    return await runEverything();
  },
};

/** From the first moment on, a signal ends what we run; `npm start` then ends in order, however far it had come. */
const stopping = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(name, () => {
    stopping.abort();
    endRunning(name);
  });
}

/** The CLI, in this process: its exit code is ours. */
async function overdue(cliArgs) {
  await prepare();
  const { main } = await import(pathToFileURL(join(ROOT, 'packages/cli/dist/main.js')).href);
  if (command === 'start') return await main(cliArgs, stopping.signal);
  // The command's own business from here on.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(name);
  if (stopping.signal.aborted) return 130;
  return await main(cliArgs);
}

async function compiled(path) {
  await prepare('everything');
  if (!existsSync(join(ROOT, path))) throw new PrepareError(`There is no ${path.replace('dist/', '')} yet.`);
  return await run(process.execPath, [join(ROOT, path), ...args]);
}

const action = COMMANDS[command];
if (!action) {
  progress(`Usage: node scripts/run.mjs ${Object.keys(COMMANDS).join('|')} [arguments]`);
  process.exit(2);
}
let exitCode;
try {
  exitCode = await action();
} catch (error) {
  if (stopping.signal.aborted) exitCode = command === 'start' ? 0 : 130;
  else {
    progress(error instanceof PrepareError ? error.message : (error?.stack ?? String(error)));
    exitCode = 1;
  }
}
process.exit(exitCode);
