import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@overdue/clock';
import { ConfigError, databaseTarget } from '@overdue/config';
import { EXIT_START_ERROR, SERVICES, type ServiceName, StartError } from '@overdue/observability';
import { readConfig, toStandardError } from '../support/config.ts';
import { makeDirectory } from '../support/directory.ts';
import { migrateBeforeStart } from '../support/migration.ts';

/** The compiled main of a service. */
export function serviceMain(service: ServiceName): string {
  return fileURLToPath(new URL(`../../../../services/${service}/dist/main.js`, import.meta.url));
}

/**
 * `overdue serve SERVICE`: one service, in this process, for split deployments. Brings the schema up to date first,
 * unless told not to; when the database is away, or somebody else has been migrating for a while, the service starts
 * nonetheless (the ingester then spools).
 * @returns the exit code when a setting is wrong or missing: it says to systemd that starting again does not help. Else it
 *   does not return: the service ends the process when it is told to stop
 */
export async function serve(name: string, options: { migrate: boolean }): Promise<number> {
  let settings: ReturnType<typeof settingsOf>;
  try {
    settings = settingsOf(name);
  } catch (error) {
    if (!(error instanceof StartError || error instanceof ConfigError)) throw error;
    toStandardError(error.message);
    return EXIT_START_ERROR;
  }
  const { service, target, config } = settings;
  makeDirectory(join(config.DATA_DIR, 'run'), 'DATA_DIR');
  if (service === 'ingester') makeDirectory(config.SPOOL_DIR, 'SPOOL_DIR', 0o700);
  if (options.migrate) {
    await migrateBeforeStart({
      target,
      applicationName: `overdue serve ${service}`,
      clock: systemClock,
      // It ends with the process.
      stopping: new AbortController().signal,
      say: toStandardError,
      whenDone: async () => true,
    });
  }
  const main = serviceMain(service);
  if (!existsSync(main)) throw new StartError(`${main} is missing: build first (npm run build).`);
  await import(main);
  return new Promise(() => {});
}

/** @throws StartError, ConfigError */
function settingsOf(name: string) {
  const service = SERVICES.find((one) => one === name);
  if (!service) throw new StartError(`There is no service "${name}"; the services are ${SERVICES.join(', ')}.`);
  const config = readConfig(process.env, toStandardError);
  const target = databaseTarget(config);
  if (!target) {
    throw new StartError(
      `serve ${service} needs a database: set DATABASE_URL, or DB_HOST and its companions. ` +
        '(npm start runs everything on an embedded one.)',
    );
  }
  if (config.SECRET_KEY === null) {
    throw new StartError(
      `serve ${service} needs SECRET_KEY: 50 random characters, the same for every service and every host.`,
    );
  }
  return { service, target, config };
}
