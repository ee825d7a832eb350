import { systemClock } from '@overdue/clock';
import { supervise } from '../supervisor/supervisor.ts';
import { Terminal } from '../supervisor/terminal.ts';
import { readConfig } from '../support/config.ts';

/**
 * `overdue start`: everything, in the foreground, until SIGINT, SIGTERM or the end of the terminal. npm, the shell and
 * the terminal may each deliver the signal: the second and third change nothing.
 * @returns the exit code
 */
export async function start(stopped = new AbortController().signal): Promise<number> {
  const signalled = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => signalled.abort());
  const stopping = AbortSignal.any([stopped, signalled.signal]);
  const terminal = new Terminal((text) => process.stdout.write(text), process.stdout.isTTY === true);
  const config = readConfig(process.env, (line) => terminal.say(line));
  await supervise({ config, env: process.env, clock: systemClock, terminal, stopping });
  return 0;
}
