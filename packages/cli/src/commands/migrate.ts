import { systemClock } from '@overdue/clock';
import { migrate } from '@overdue/database';
import { readConfig } from '../support/config.ts';
import { withDatabase } from '../support/database.ts';

/** `overdue migrate`: prints the migrations it applied, one a line. */
export async function migrateCommand(): Promise<void> {
  const applied = await withDatabase(readConfig(process.env), systemClock, migrate);
  for (const name of applied) process.stdout.write(`${name}\n`);
  if (applied.length === 0) process.stderr.write('The schema is up to date.\n');
}
