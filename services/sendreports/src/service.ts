import { type Config, databaseTarget } from '@overdue/config';
import { connect, instanceStore } from '@overdue/database';
import { Counter, type RunningService, type ServiceContext, StartError } from '@overdue/observability';
import { keepHouse } from './housekeeping.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;

/** Housekeeping once an hour, again after a minute when the database was away. */
export async function startSendreports(context: ServiceContext<Config>): Promise<RunningService> {
  const { config, clock, logger, registry } = context;
  const target = databaseTarget(config);
  if (!target) throw new StartError('sendreports needs a database: set DATABASE_URL, or DB_HOST and its companions.');
  const database = connect({ target, applicationName: 'overdue sendreports', max: 2 });
  const deleted = new Counter({
    name: 'overdue_sendreports_deleted_rows_total',
    help: 'Rows that housekeeping deleted, by what they were',
    labelNames: ['what'],
    registers: [registry],
  });
  const stopping = new AbortController();

  const loop = (async () => {
    while (!stopping.signal.aborted) {
      let pause = HOUR;
      try {
        const forgotten = await keepHouse(database.sql, clock.now());
        for (const [what, rows] of Object.entries(forgotten)) deleted.inc({ what }, rows);
        logger.debug(forgotten, 'Kept house');
      } catch (err) {
        logger.warn({ err }, 'Housekeeping failed; it is tried again in a minute');
        pause = MINUTE;
      }
      await clock.sleep(pause, stopping.signal);
    }
  })();

  return {
    instances: instanceStore(database.sql),
    async ready() {
      await database.sql`select 1`;
      return [];
    },
    async drain() {
      stopping.abort();
      await loop;
    },
    stop: () => database.close(),
  };
}
