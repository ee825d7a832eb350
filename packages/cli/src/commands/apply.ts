import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { systemClock } from '@overdue/clock';
import { KINDS, notificationOptions } from '@overdue/notifications';
import { StartError } from '@overdue/observability';
import { applyConfig, channelKinds, printPlan } from '@overdue/operations';
import { readConfig } from '../support/config.ts';
import { withDatabase } from '../support/database.ts';
import { findProject } from '../support/project.ts';

/** `overdue apply FILE`: makes a project as a YAML file says; prints what changes (docs/config-as-code.md). */
export async function apply(
  file: string,
  options: { project?: string; dryRun?: boolean; prune?: boolean },
): Promise<void> {
  const text = readText(file);
  const config = readConfig(process.env);
  const result = await withDatabase(config, systemClock, async (database) =>
    applyConfig(database, await findProject(database, options.project), text, {
      clock: systemClock,
      kinds: channelKinds(KINDS, notificationOptions(config, '')),
      dryRun: options.dryRun ?? false,
      prune: options.prune ?? false,
      env: process.env,
    }),
  );
  if (!result.ok) {
    const lines = result.errors.map((error) => `  ${error}`).join('\n');
    throw new StartError(`${file} cannot be applied, and nothing was changed:\n${lines}`);
  }
  process.stdout.write(printPlan(result.plan));
}

function readText(file: string): string {
  const bytes = readBytes(file);
  // UTF-16 of plain letters would pass for UTF-8 with a NUL after each.
  if (!isUtf8(bytes) || bytes.includes(0)) throw new StartError(`${file} is not UTF-8`);
  return bytes.toString('utf8');
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file === '-' ? 0 : file);
  } catch (error) {
    throw new StartError(`${file} cannot be read: ${(error as Error).message}`);
  }
}
