import type { Clock } from '@overdue/clock';
import { type Config, databaseTarget } from '@overdue/config';
import { connect, instanceStore } from '@overdue/database';
import { Mailer, notificationOptions } from '@overdue/notifications';
import { Counter, Gauge, type RunningService, type ServiceContext, StartError } from '@overdue/observability';
import { keepHouse } from './housekeeping.ts';
import { longestDue } from './reports/due.ts';
import { sendDue } from './reports/send.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;

/** Housekeeping once an hour, reports and reminders once a minute; what failed again after a minute. */
export async function startSendreports(context: ServiceContext<Config>): Promise<RunningService> {
  const { config, clock, logger, registry } = context;
  const target = databaseTarget(config);
  if (!target) throw new StartError('sendreports needs a database: set DATABASE_URL, or DB_HOST and its companions.');
  if (!config.SECRET_KEY) throw new StartError('SECRET_KEY is not set: links in reports are signed with it.');
  const { email, siteName, siteRoot, secretKey } = notificationOptions(config, config.SECRET_KEY);
  const database = connect({ target, applicationName: 'overdue sendreports', max: 2 });
  const mailer = new Mailer(email);
  const deleted = new Counter({
    name: 'overdue_sendreports_deleted_rows_total',
    help: 'Rows that housekeeping deleted, by what they were',
    labelNames: ['what'],
    registers: [registry],
  });
  const mails = new Counter({
    name: 'overdue_sendreports_mails_total',
    help: 'Reports and reminders, by what became of them',
    labelNames: ['kind', 'result'],
    registers: [registry],
  });
  // From the start, so that the first one is an increase.
  for (const kind of ['report', 'reminder'])
    for (const result of ['sent', 'retry', 'failed']) mails.inc({ kind, result }, 0);
  new Gauge({
    name: 'overdue_sendreports_longest_due_seconds',
    help: 'For how long the report or reminder has been due that has been due for longest; NaN: not known',
    labelNames: ['kind'],
    registers: [registry],
    async collect() {
      if (!mailer.configured) return;
      const unknown = { report: Number.NaN, reminder: Number.NaN };
      const due = await longestDue(database.sql, clock.now()).catch(() => unknown);
      for (const [kind, seconds] of Object.entries(due)) this.set({ kind }, seconds);
    },
  });
  const stopping = new AbortController();

  const housekeeping = again(clock, stopping.signal, async () => {
    try {
      const forgotten = await keepHouse(database.sql, clock.now());
      for (const [what, rows] of Object.entries(forgotten)) deleted.inc({ what }, rows);
      logger.debug(forgotten, 'Kept house');
      return HOUR;
    } catch (err) {
      logger.warn({ err }, 'Housekeeping failed; it is tried again in a minute');
      return MINUTE;
    }
  });

  const reports = {
    sql: database.sql,
    clock,
    mailer,
    site: { siteName, siteRoot },
    secretKey,
    logger,
    sent: (kind: string, result: string) => mails.inc({ kind, result }),
  };
  const reporting = again(clock, stopping.signal, async () => {
    try {
      if (mailer.configured) await sendDue(reports, stopping.signal);
    } catch (err) {
      logger.warn({ err }, 'Reports could not be sent; trying again in a minute');
    }
    return MINUTE;
  });

  return {
    instances: instanceStore(database.sql),
    async ready() {
      await database.sql`select 1`;
      return [];
    },
    async drain() {
      stopping.abort();
      await Promise.all([housekeeping, reporting]);
    },
    async stop() {
      mailer.close();
      await database.close();
    },
  };
}

/** Does `work` until `stopping`, and in between waits for as long as it says, in milliseconds. */
async function again(clock: Clock, stopping: AbortSignal, work: () => Promise<number>): Promise<void> {
  while (!stopping.aborted) await clock.sleep(await work(), stopping);
}
