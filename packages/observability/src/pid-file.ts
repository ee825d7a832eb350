import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** `DATA_DIR/run/<service>.pid`. */
export function pidFile(dataDir: string, service: string): string {
  return join(dataDir, 'run', `${service}.pid`);
}

/** Writes `pid` in one step: a reader sees the old number or the new one, never half of it. */
export function writePidFile(file: string, pid: number): void {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, `${pid}\n`);
  renameSync(draft, file);
}

/** The number in the file, or null when there is no file or no number in it. */
export function readPidFile(file: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
    return pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

/** Removes the file if it still names `pid`: a successor may have written its own. */
export function removePidFile(file: string, pid: number): void {
  if (readPidFile(file) === pid) rmSync(file, { force: true });
}
