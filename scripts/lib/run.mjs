import { spawn } from 'node:child_process';
import { ROOT } from './paths.mjs';

/** The child that runs now, so that a signal to us can end it. */
const running = new Set();

/**
 * Runs a program, in the repository's root unless told otherwise, and resolves to its exit code (128 + n when signal n ended it).
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ stdout?: 'inherit' | 'stderr', env?: Record<string, string>, cwd?: string }} options `stderr`: our stdout stays clean
 */
export function run(command, args, { stdout = 'inherit', env = {}, cwd = ROOT } = {}) {
  return new Promise((resolve, reject) => {
    const out = stdout === 'stderr' ? 2 : 'inherit';
    const child = spawn(command, args, {
      cwd,
      stdio: ['ignore', out, 'inherit'],
      env: { ...process.env, ...env },
    });
    running.add(child);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      running.delete(child);
      resolve(code ?? (signal === 'SIGINT' ? 130 : signal === 'SIGTERM' ? 143 : 137));
    });
  });
}

/** Passes a signal on to what runs now. */
export function endRunning(signal) {
  for (const child of running) child.kill(signal);
}
