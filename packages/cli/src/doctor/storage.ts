import { accessSync, constants, existsSync, mkdirSync, statfsSync } from 'node:fs';
import type { Config } from '@overdue/config';
import { doubtful, type Finding, fine, wrong } from './finding.ts';

/** DATA_DIR and the spool's directory: there, ours, and with room for a full spool. */
export function examineStorage(config: Config): Finding[] {
  return [
    examineDirectory('data', config.DATA_DIR, 0),
    examineDirectory('spool', config.SPOOL_DIR, config.SPOOL_MAX_BYTES ?? 0),
  ];
}

function examineDirectory(subject: string, directory: string, room: number): Finding {
  try {
    if (!existsSync(directory)) mkdirSync(directory, { recursive: true });
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const mend = 'Give the directory to the user that runs Overdue, or choose another (DATA_DIR, SPOOL_DIR).';
    return wrong(subject, `${directory} cannot be written: ${(error as Error).message}`, mend);
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
