import { StartError } from '@overdue/observability';
import { readConfig } from '../support/config.ts';

/** `overdue spool status`: prints one JSON object with the pings not yet applied. */
export async function spool(what: string): Promise<void> {
  if (what !== 'status') throw new StartError(`There is only: overdue spool status.`);
  readConfig(process.env);
  throw new StartError('The spool is not there yet.');
}
