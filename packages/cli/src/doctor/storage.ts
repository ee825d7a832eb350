import { statfsSync } from 'node:fs';
import type { Clock } from '@overdue/clock';
import type { Config } from '@overdue/config';
import { type SpoolStatus, spoolStatus } from '@overdue/pings';
import { makeDirectory } from '../support/directory.ts';
import { doubtful, type Finding, fine, wrong } from './finding.ts';

/** A spool that holds pings for longer than this is not being applied, in milliseconds. */
const OVERDUE_MS = 5 * 60_000;

/** For less than this, the throttle may hold them: twice its longest time. */
const THROTTLED_MS = 60_000;

/** DATA_DIR and the spool's directory: there, ours, with room for a full spool; and whether pings are stuck in it. */
export async function examineStorage(config: Config, clock: Clock): Promise<Finding[]> {
  const data = examineDirectory('data', config.DATA_DIR, 0);
  const spool = examineDirectory('spool', config.SPOOL_DIR, config.SPOOL_MAX_BYTES ?? 0);
  return [data, spool, ...(spool.level === 'wrong' ? [] : await examineSpool(config.SPOOL_DIR, clock))];
}

/** What is in the spool, and what could not be read of it. */
export async function examineSpool(directory: string, clock: Clock): Promise<Finding[]> {
  const status = await spoolStatus(directory);
  return [examineWaiting(status, clock), ...status.damagedFiles.map(damaged), ...status.foreignFiles.map(foreign)];
}

function foreign(path: string): Finding {
  const mend = 'Its pings are applied when that release runs again on this SPOOL_DIR. Delete it to do without them.';
  return doubtful('spool', `${path} was written by another release`, mend);
}

function damaged(path: string): Finding {
  const mend = 'The ingester said when it found it what is lost. See what can be had from it, then delete it.';
  return doubtful('spool', `a part of ${path} could not be read`, mend);
}

function examineWaiting({ pings, coalesced, bytes, oldest }: SpoolStatus, clock: Clock): Finding {
  if (oldest === null || (pings === coalesced && clock.now() - oldest < THROTTLED_MS))
    return fine('spool', 'no ping waits for the database');
  const minutes = Math.round((clock.now() - oldest) / 60_000);
  const text = `${pings} pings (${bytes} bytes) wait for the database, the oldest for ${minutes} minutes`;
  if (clock.now() - oldest < OVERDUE_MS) return doubtful('spool', text);
  return wrong('spool', text, 'Start the ingester on this machine and see what it logs: it applies them by itself.');
}

function examineDirectory(subject: 'data' | 'spool', directory: string, room: number): Finding {
  try {
    if (subject === 'data') makeDirectory(directory, 'DATA_DIR');
    else makeDirectory(directory, 'SPOOL_DIR', 0o700);
  } catch (error) {
    return wrong(subject, (error as Error).message);
  }
  const { bavail, bsize } = statfsSync(directory);
  const free = bavail * bsize;
  const text = `${directory}, ${gibibytes(free)} free`;
  if (free >= room) return fine(subject, text);
  const mend = `SPOOL_MAX_BYTES allows ${gibibytes(room)}: make room, or lower it.`;
  return doubtful(subject, `${text}, less than a full spool takes`, mend);
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
