import { systemClock } from '@overdue/clock';
import { KINDS, notificationOptions } from '@overdue/notifications';
import { channelKinds, exportConfig } from '@overdue/operations';
import { readConfig } from '../support/config.ts';
import { withDatabase } from '../support/database.ts';
import { findProject } from '../support/project.ts';

/** `overdue export`: prints a project as the YAML file that `overdue apply` takes. */
export async function exportCommand(options: { project?: string; secrets?: boolean }): Promise<void> {
  const config = readConfig(process.env);
  const text = await withDatabase(config, systemClock, async (database) =>
    exportConfig(database, await findProject(database, options.project), {
      kinds: channelKinds(KINDS, notificationOptions(config, '')),
      secrets: options.secrets ?? false,
    }),
  );
  process.stdout.write(text);
}
