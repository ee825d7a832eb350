import { createServer, type Server } from 'node:http';
import type { Clock } from '@overdue/clock';
import { type Config, databaseTarget } from '@overdue/config';
import { connect, instanceStore } from '@overdue/database';
import { type Logger, listenError, type RunningService, StartError } from '@overdue/observability';
import { createApp } from './app.ts';

/** Slow enough to stop work in hand, fast enough for a deploy, in milliseconds. */
const LONGEST_REQUEST_MS = 30_000;
const READY_TIMEOUT_MS = 800;

/** Starts the pages and the management API. */
export async function startWeb(context: {
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Logger;
}): Promise<RunningService> {
  const { config, clock, logger } = context;
  const target = databaseTarget(config);
  if (!target) throw new StartError('No database is configured: set DATABASE_URL (or DB_HOST, DB_NAME, …).');
  if (!config.SECRET_KEY) {
    throw new StartError(
      'SECRET_KEY is not set: sessions and links are signed with it. Use at least 32 random characters.',
    );
  }
  const database = connect({ target, applicationName: 'overdue web', max: 20, statementTimeout: 15_000 });
  const app = createApp({ config, database, clock, logger, secretKey: config.SECRET_KEY });
  const server = createServer(app.listener);
  server.requestTimeout = LONGEST_REQUEST_MS;
  server.headersTimeout = 10_000;
  server.keepAliveTimeout = 75_000;
  // A client may end its side after the request, as `nc -N` does, and is answered all the same. Node has this (named so
  // since 0.x) without telling; service.test.ts notices when it is gone.
  Object.assign(server, { httpAllowHalfOpen: true });
  try {
    await listen(server, config.LISTEN_HOST, config.PORT);
  } catch (error) {
    await database.close(0);
    throw listenError(error, { variable: 'PORT', host: config.LISTEN_HOST, port: config.PORT });
  }
  logger.info({ port: config.PORT, siteRoot: config.SITE_ROOT }, 'Listening');

  return {
    async ready() {
      const answered = database.sql`select 1`.then(
        () => true,
        () => false,
      );
      const late = clock.sleep(READY_TIMEOUT_MS).then(() => false);
      return (await Promise.race([answered, late])) ? [] : ['The database does not answer.'];
    },
    async drain() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await app.close();
      await Promise.race([closed, clock.sleep(2000)]);
    },
    async stop() {
      server.closeAllConnections();
      await database.close(2);
    },
    instances: instanceStore(database.sql),
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
