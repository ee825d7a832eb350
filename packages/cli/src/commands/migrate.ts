import { systemClock } from '@overdue/clock';
import { migrate, newerMigrations } from '@overdue/database';
import { readConfig } from '../support/config.ts';
import { withDatabase } from '../support/database.ts';
import { newerSchema } from '../support/migration.ts';

/** `overdue migrate`: prints the migrations it applied, one a line. */
export async function migrateCommand(): Promise<void> {
  const { applied, newer } = await withDatabase(readConfig(process.env), systemClock, async (database) => ({
    applied: await migrate(database),
    newer: await newerMigrations(database),
  }));
  for (const name of applied) process.stdout.write(`${name}\n`);
  if (newer.length > 0) process.stderr.write(`${newerSchema(newer)}\n`);
  else if (applied.length === 0) process.stderr.write('The schema is up to date.\n');
}
