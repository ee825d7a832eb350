/** One at a time: `npm run overdue` beside `npm start` must not install or build at the same moment. */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Runs `work` while holding the lock file; waits for whoever holds it, unless that process is gone.
 * @param {string} file
 * @param {() => void} onWait called once when there is somebody to wait for
 * @param {() => Promise<void>} work
 */
export async function withLock(file, onWait, work) {
  mkdirSync(dirname(file), { recursive: true });
  const mine = `${file}.${process.pid}`;
  writeFileSync(mine, `${process.pid}\n`);
  try {
    let waited = false;
    while (!take(file, mine)) {
      if (!waited) onWait();
      waited = true;
      await sleep(200);
    }
    try {
      await work();
    } finally {
      rmSync(file, { force: true });
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

/** A link is made whole or not at all, so nobody reads a lock without its holder. */
function take(file, mine) {
  try {
    linkSync(mine, file);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  const holder = read(file);
  if (holder === '' || alive(Number(holder))) return false;
  // Its holder is gone. Only the one who moves the dead lock away may go on; a lock that was renewed meanwhile is put
  // back.
  const dead = `${mine}.dead`;
  try {
    renameSync(file, dead);
    if (read(dead) !== holder) linkSync(dead, file);
  } catch {
    // Somebody else was faster.
  } finally {
    rmSync(dead, { force: true });
  }
  return false;
}

function read(file) {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
