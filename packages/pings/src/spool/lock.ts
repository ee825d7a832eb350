import { mkdirSync, readFileSync, readlinkSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, Instant } from '@overdue/clock';

/*
 * A directory belongs to one process at a time. Node has no flock, so the lock is a file that says who has it: process
 * id and start time (an id may be used anew), and of which boot and which PID namespace they are. From the same
 * namespace that can be looked up: the lock of a process that is gone, by kill -9 or a power cut, is taken over at once.
 * From another one (another container on the same volume, or a machine before its restart) it cannot; there the holder's
 * touch, once a second, is its sign of life.
 */

/** Another process has this spool. */
export class SpoolLockedError extends Error {
  override readonly name = 'SpoolLockedError';
}

const TOUCH_MS = 1000;
/** A holder that cannot be looked up is gone when it was silent for so long. */
const SILENT_MS = 5000;

/**
 * Takes a directory for this process. Waits for up to SILENT_MS when whose it was cannot be told otherwise. Should the
 * lock be lost while it is held (after a long stop of the whole process), the process ends by an uncaught exception: two
 * on one directory lose pings.
 * @returns how to give it back
 * @throws {SpoolLockedError}
 */
export async function lockDirectory(directory: string, clock: Clock): Promise<() => void> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, LOCK_FILE);
  if (ours.has(path)) throw new SpoolLockedError(`The spool ${directory} is already open in this process.`);
  const mine = textOf(self());
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      writeFileSync(path, mine, { flag: 'wx', mode: 0o600 });
      return keep(directory, path, mine, clock);
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EEXIST') throw error;
    }
    const held = readIfThere(path);
    if (held === null) continue;
    const holder = holderOf(held);
    if (held !== mine && holder) {
      if (!isForeign(holder)) {
        if (isRunning(holder)) throw taken(directory, `process ${holder.pid}`);
      } else if (await givesSign(path, clock)) {
        throw taken(directory, `process ${holder.pid} in another container or on another machine`);
      }
    }
    // A dead process's, or one of our own that was not given back.
    if (readIfThere(path) === held) unlinkSync(path);
  }
  throw new SpoolLockedError(`The spool ${directory} is being taken by another process.`);
}

/** Whether a process seems to have the directory. One in another PID namespace is believed to be there. */
export function isLocked(directory: string): boolean {
  const holder = holderOf(readIfThere(join(directory, LOCK_FILE)) ?? '');
  return holder !== null && (isForeign(holder) || isRunning(holder));
}

const LOCK_FILE = 'lock';

/** Locks held by this process. */
const ours = new Set<string>();

function keep(directory: string, path: string, mine: string, clock: Clock): () => void {
  ours.add(path);
  const touch = () => {
    const held = readIfThere(path);
    if (held !== null && held !== mine) throw new SpoolLockedError(`The spool ${directory} was taken from us.`);
    try {
      const seconds = clock.now() / 1000;
      utimesSync(path, seconds, seconds);
    } catch {
      // The directory is gone, or the disk is read-only: whoever writes a ping will notice.
    }
  };
  touch();
  const touching = clock.every(TOUCH_MS, touch);
  return () => {
    touching.cancel();
    ours.delete(path);
    if (readIfThere(path) === mine) unlinkSync(path);
  };
}

function taken(directory: string, by: string): SpoolLockedError {
  return new SpoolLockedError(
    `The spool ${directory} belongs to ${by}. Every ingester needs a directory of its own: ` +
      'stop that process, or set SPOOL_DIR or DATA_DIR.',
  );
}

/** Whether the lock's file is touched; false at once when it was not for long. */
async function givesSign(path: string, clock: Clock): Promise<boolean> {
  const first = touchedAt(path);
  if (first === null) return false;
  const began = clock.monotonic();
  const silent = Math.max(clock.now() - first, 0);
  while (clock.monotonic() - began + silent < SILENT_MS) {
    await clock.sleep(TOUCH_MS / 4);
    const now = touchedAt(path);
    if (now !== first) return now !== null;
  }
  return false;
}

function touchedAt(path: string): Instant | null {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? null;
}

interface Holder {
  readonly pid: number;
  /** See {@link startOf}. */
  readonly start: string;
  /** Of the machine's boot and the PID namespace; null: not known (an older release, or no /proc). */
  readonly world: string | null;
}

function self(): Holder {
  return { pid: process.pid, start: startOf(process.pid), world: ourWorld() };
}

function textOf({ pid, start, world }: Holder): string {
  return `${pid} ${start}${world === null ? '' : ` ${world}`}\n`;
}

function holderOf(text: string): Holder | null {
  const [pid, start, world = null] = text.trim().split(' ');
  return pid && start ? { pid: Number(pid), start, world } : null;
}

function isForeign({ world }: Holder): boolean {
  return world !== null && world !== ourWorld();
}

function isRunning({ pid, start }: Holder): boolean {
  return startOf(pid) === start;
}

function ourWorld(): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return `${boot}/${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return null;
  }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** When a process began, in an unspecified unit; `gone` when there is none. Without /proc: `running`. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name (field 2) is in parentheses and may hold anything; after it, the state (Z: dead, only not yet reaped),
    // and as field 22 the start in ticks since boot.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? 'gone' : fields[19]!;
  } catch {
    try {
      process.kill(pid, 0);
      return 'running';
    } catch {
      return 'gone';
    }
  }
}
