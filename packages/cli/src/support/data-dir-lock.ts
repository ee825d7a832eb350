/** One running product for each DATA_DIR. */
import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import type { Clock } from '@overdue/clock';
import { makeDirectory } from './directory.ts';
import { processIdentity } from './processes.ts';

export interface Holder {
  readonly pid: number;
  /** See {@link processIdentity}: a lock whose holder was killed is free at once, also when its pid is in use again. */
  readonly identity: string | null;
  readonly host: string;
  /** ISO 8601. */
  readonly since: string;
  /** Whether it runs on the embedded database of this DATA_DIR; one of an older release does not say. */
  readonly embedded?: boolean;
}

export interface DataDirLock {
  release(): void;
}

/** The holder of another host (or container) shows that it is there by touching the file, in milliseconds. */
const TOUCH_EVERY = 2000;
const SILENT_AFTER = 10_000;

function lockFile(dataDir: string): string {
  return join(dataDir, 'run', 'overdue.lock');
}

/**
 * Takes the lock of `dataDir`, or tells who holds it. A lock whose holder is gone is taken over.
 * @param embedded what others shall read in {@link Holder.embedded}
 * @throws StartError
 */
export async function lockDataDir(dataDir: string, clock: Clock, embedded = true): Promise<DataDirLock | Holder> {
  const file = lockFile(dataDir);
  makeDirectory(dirname(file), 'DATA_DIR');
  const mine = `${file}.${process.pid}`;
  const holder: Holder = {
    pid: process.pid,
    identity: processIdentity(process.pid),
    host: hostname(),
    since: new Date(clock.now()).toISOString(),
    embedded,
  };
  const content = `${JSON.stringify(holder)}\n`;
  writeFileSync(mine, content);
  try {
    for (;;) {
      // A link is there whole or not at all: nobody reads a lock without its holder.
      if (link(mine, file)) return held(file, content, clock);
      const text = read(file);
      if (text === null) continue;
      const other = parse(text);
      if (other && (await isThere(file, other, clock))) return other;
      removeDead(file, text, `${mine}.dead`);
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Who runs the product on `dataDir` now; null: nobody. */
export async function dataDirHolder(dataDir: string, clock: Clock): Promise<Holder | null> {
  const file = lockFile(dataDir);
  const holder = parse(read(file) ?? '');
  return holder && (await isThere(file, holder, clock)) ? holder : null;
}

function held(file: string, content: string, clock: Clock): DataDirLock {
  const touching = clock.every(TOUCH_EVERY, () => {
    try {
      const now = new Date(clock.now());
      utimesSync(file, now, now);
    } catch {
      // Deleted by hand: others will find no lock, which was the wish of whoever deleted it.
    }
  });
  return {
    release() {
      touching.cancel();
      if (read(file) === content) rmSync(file, { force: true });
    },
  };
}

async function isThere(file: string, holder: Holder, clock: Clock): Promise<boolean> {
  if (holder.host === hostname()) return processIdentity(holder.pid) === holder.identity;
  // Another host's processes cannot be seen from here; look whether the lock is still being touched.
  const before = touched(file);
  for (let waited = 0; waited < SILENT_AFTER; waited += 500) {
    const now = touched(file);
    if (now === null) return false;
    if (now !== before) return true;
    await clock.sleep(500);
  }
  return false;
}

function touched(file: string): number | null {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? null;
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Only the one who moves the dead lock away may go on; a lock that was renewed meanwhile is put back. */
function removeDead(file: string, dead: string, aside: string): void {
  try {
    renameSync(file, aside);
    if (read(aside) !== dead) linkSync(aside, file);
  } catch {
    // Somebody else was faster.
  } finally {
    rmSync(aside, { force: true });
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function parse(text: string): Holder | null {
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return null;
  }
}
