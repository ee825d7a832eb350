import { StartError } from '@overdue/observability';
import { spoolStatus } from '@overdue/pings';
import { readConfig } from '../support/config.ts';

/**
 * `overdue spool status`: one JSON object about the pings of this host that were answered 200 and are not in the database
 * yet. Reads the files only, so it works whether the ingester runs or not.
 */
export async function spool(what: string): Promise<void> {
  if (what !== 'status') throw new StartError('There is only: overdue spool status.');
  const { SPOOL_DIR } = readConfig(process.env);
  const { pings, bytes, oldest, unreadableBytes, damagedFiles, foreignFiles } = await spoolStatus(SPOOL_DIR).catch(
    (error: Error) => {
      throw new StartError(`The spool ${SPOOL_DIR} (SPOOL_DIR) cannot be read: ${error.message}`);
    },
  );
  const result = {
    count: pings,
    bytes,
    oldest: oldest === null ? null : new Date(oldest).toISOString(),
    unreadable_bytes: unreadableBytes,
    damaged_files: damagedFiles,
    foreign_files: foreignFiles,
    directory: SPOOL_DIR,
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
