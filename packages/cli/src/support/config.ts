import { type Config, loadConfig, nearMisses, startupChecks } from '@overdue/config';
import { StartError } from '@overdue/observability';

/**
 * The configuration; everything doubtful about it goes to `say`, a line each.
 * @throws ConfigError, StartError when it cannot be used
 */
export function readConfig(env: NodeJS.ProcessEnv, say: (line: string) => void = () => {}): Config {
  const config = loadConfig(env);
  const checks = startupChecks(config);
  for (const { name, meant } of nearMisses(env)) say(`Warning: ${name} is not a variable of Overdue. ${meant} is.`);
  for (const { level, id, message } of checks) if (level === 'warning') say(`Warning: ${message} (${id})`);
  const errors = checks.filter(({ level }) => level === 'error');
  if (errors.length > 0) {
    throw new StartError(
      `The configuration cannot be used:\n${errors.map(({ id, message }) => `  ${message} (${id})`).join('\n')}`,
    );
  }
  return config;
}

/** For people; standard output is for results. */
export function toStandardError(line: string): void {
  process.stderr.write(`${line}\n`);
}
