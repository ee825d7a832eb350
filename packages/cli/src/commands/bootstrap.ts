import { bootstrap } from '@overdue/accounts';
import { systemClock } from '@overdue/clock';
import { migrate } from '@overdue/database';
import { readConfig } from '../support/config.ts';
import { withDatabase } from '../support/database.ts';
import { generatedSecretKey } from '../support/secret-key.ts';

/** `overdue bootstrap`: prints one JSON object (running.md). */
export async function bootstrapCommand(options: { email: string; password: string; project?: string }): Promise<void> {
  const config = readConfig(process.env);
  const secretKey = config.SECRET_KEY ?? generatedSecretKey(config.DATA_DIR);
  const result = await withDatabase(config, systemClock, async (database) => {
    await migrate(database);
    return await bootstrap(database, secretKey, {
      email: options.email,
      password: options.password,
      projectName: options.project,
    });
  });
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
