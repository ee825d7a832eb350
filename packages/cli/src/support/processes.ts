/** Facts about other processes, by pid. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Clock, Milliseconds } from '@overdue/clock';

/** Something that only this process has, ever: a pid is used again, the instant of its start is not. Null: no such process. */
export function processIdentity(pid: number): string | null {
  if (process.platform !== 'linux') return ps(pid, 'lstart=');
  try {
    // Field 22 (in clock ticks since boot); the name in field 2 may contain spaces and brackets.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z') return null;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${fields[19]}`;
  } catch {
    return null;
  }
}

/** Whether somebody has stopped it (SIGSTOP, Ctrl-Z, a debugger). */
export function isStopped(pid: number): boolean {
  if (process.platform !== 'linux') return ps(pid, 'state=')?.startsWith('T') ?? false;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return /^[Tt]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

/** Its command line, arguments separated by spaces; null: no such process. */
export function commandLine(pid: number): string | null {
  if (process.platform !== 'linux') return ps(pid, 'command=');
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() || null;
  } catch {
    return null;
  }
}

function ps(pid: number, column: string): string | null {
  try {
    return execFileSync('ps', ['-o', column, '-p', String(pid)], { encoding: 'utf8' }).trim() || null;
  } catch {
    return null;
  }
}

/** Sends a signal; false when the process is gone. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

/** Sends each signal in turn, with its patience in milliseconds, until the process is gone. */
export async function endProcess(
  pid: number,
  steps: readonly (readonly [NodeJS.Signals, Milliseconds])[],
  clock: Clock,
): Promise<void> {
  for (const [name, patience] of steps) {
    if (!signal(pid, name)) return;
    const deadline = clock.monotonic() + patience;
    while (clock.monotonic() < deadline) {
      if (processIdentity(pid) === null) return;
      await clock.sleep(50);
    }
  }
}
