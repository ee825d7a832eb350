import { type Config, databaseTarget } from '@overdue/config';
import { embeddedUrl } from '../support/database.ts';

/**
 * The environment of the services: ours, and what `npm start` decides where nothing is configured. A variable that is
 * decided here goes with its _FILE, which would win.
 * @param embeddedPort of the embedded database; null when another one is configured
 */
export function serviceEnvironment(options: {
  env: NodeJS.ProcessEnv;
  config: Config;
  secretKey: string;
  embeddedPort: number | null;
}): NodeJS.ProcessEnv {
  const { env, config, secretKey, embeddedPort } = options;
  const result: NodeJS.ProcessEnv = { ...env };
  const decide = (name: string, value: string) => {
    delete result[`${name}_FILE`];
    result[name] = value;
  };
  const isSet = (name: string) => env[name] !== undefined || Boolean(env[`${name}_FILE`]);

  decide('DATA_DIR', config.DATA_DIR);
  if (config.SECRET_KEY === null) decide('SECRET_KEY', secretKey);
  if (embeddedPort !== null) decide('DATABASE_URL', embeddedUrl(embeddedPort));
  if (!isSet('PING_ENDPOINT')) decide('PING_ENDPOINT', pingEndpoint(config, isSet));
  if (!isSet('LOG_FORMAT')) decide('LOG_FORMAT', 'pretty');
  return result;
}

/** Under `npm start` there is no proxy that would lead SITE_ROOT/ping/ to the ingester's own port. */
export function pingEndpoint(config: Config, isSet: (name: string) => boolean): string {
  return isSet('PING_ENDPOINT') ? config.PING_ENDPOINT : `http://localhost:${config.PING_PORT}/`;
}

/** Whether the embedded database is meant. */
export function usesEmbedded(config: Config): boolean {
  return databaseTarget(config) === null;
}
