/**
 * What `npm start`, `npm test`, `npm run bench`, `npm run sim` and `npm run overdue` run: makes sure that the
 * dependencies are installed and the sources built, then hands over. Plain Node, because nothing is installed yet.
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
  async test() {
    const { runTests } = await import('./test.mjs');
    return await runTests(args);
  },
};

/** The CLI, in this process: its signals and its exit code are ours. */
async function overdue(cliArgs) {
  await whileStoppable(prepare());
  const { main } = await import(pathToFileURL(join(ROOT, 'packages/cli/dist/main.js')).href);
  return await main(cliArgs);
}

async function compiled(path) {
  await whileStoppable(prepare('everything'));
  if (!existsSync(join(ROOT, path))) throw new PrepareError(`There is no ${path.replace('dist/', '')} yet.`);
  return await run(process.execPath, [join(ROOT, path), ...args]);
}

/** A signal while we install or build ends that work, and then us: nothing is running that would need more. */
async function whileStoppable(work) {
  let stopped = false;
  const onSignal = (signal) => {
    stopped = true;
    endRunning(signal);
    setTimeout(() => process.exit(command === 'start' ? 0 : 130), 5000).unref();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    await work;
  } catch (error) {
    if (!stopped) throw error;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
  if (stopped) process.exit(command === 'start' ? 0 : 130);
}

const action = COMMANDS[command];
if (!action) {
  progress(`Usage: node scripts/run.mjs ${Object.keys(COMMANDS).join('|')} [arguments]`);
  process.exit(2);
}
try {
  process.exitCode = await action();
} catch (error) {
  progress(error instanceof PrepareError ? error.message : (error?.stack ?? String(error)));
  process.exitCode = 1;
}
