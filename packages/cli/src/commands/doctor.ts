import { systemClock } from '@overdue/clock';
import {
  type Config,
  ConfigError,
  databaseTarget,
  loadConfig,
  nearMisses,
  redisTarget,
  startupChecks,
} from '@overdue/config';
import type { DatabaseTarget } from '@overdue/database';
import { StartError } from '@overdue/observability';
import { examineDatabase } from '../doctor/database.ts';
import { doubtful, type Finding, fine, report, wrong } from '../doctor/finding.ts';
import { examineMail } from '../doctor/mail.ts';
import { examineRedis } from '../doctor/redis.ts';
import { examineServices } from '../doctor/services.ts';
import { examineStorage } from '../doctor/storage.ts';
import { runningEmbeddedTarget } from '../support/database.ts';

/**
 * `overdue doctor`: looks at everything that a running product needs and says in words what is wrong and how to mend it.
 * @returns the exit code: 1 when anything is wrong
 */
export async function doctor(): Promise<number> {
  const findings = await examine(process.env);
  process.stdout.write(report(findings));
  return findings.some((finding) => finding.level === 'wrong') ? 1 : 0;
}

async function examine(env: NodeJS.ProcessEnv): Promise<Finding[]> {
  let config: Config;
  try {
    config = loadConfig(env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ name, held, allowed }) =>
      wrong('configuration', `${name} holds ${held}`, `Allowed: ${allowed}.`),
    );
  }
  const groups = await Promise.all([
    examineConfiguration(env, config),
    examineStorage(config, systemClock),
    examineAnyDatabase(config),
    examineAnyRedis(config),
    examineMail(config),
    examineServices(config, systemClock),
  ]);
  return groups.flat();
}

function examineConfiguration(env: NodeJS.ProcessEnv, config: Config): Finding[] {
  const found = [
    ...nearMisses(env).map(({ name, meant }) =>
      doubtful('configuration', `${name} is not a variable of Overdue`, `Is ${meant} meant?`),
    ),
    ...startupChecks(config)
      // Mail has its own place in the report.
      .filter(({ id }) => id !== 'W002')
      .map(({ level, id, message }) => (level === 'error' ? wrong : doubtful)('configuration', `${message} (${id})`)),
  ];
  return found.length > 0 ? found : [fine('configuration', 'every variable is understood')];
}

async function examineAnyDatabase(config: Config): Promise<Finding[]> {
  let target: DatabaseTarget | null;
  try {
    target = databaseTarget(config) ?? (await runningEmbeddedTarget(config.DATA_DIR, systemClock));
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return [wrong('database', error.message)];
  }
  if (target) return await examineDatabase(target, systemClock);
  return [fine('database', 'none is configured: npm start runs an embedded one, which is not running now')];
}

async function examineAnyRedis(config: Config): Promise<Finding[]> {
  const target = redisTarget(config);
  return target ? await examineRedis(target) : [fine('redis', 'not configured: the delivery queue runs on PostgreSQL')];
}
