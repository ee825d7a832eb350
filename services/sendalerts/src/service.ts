import type { Clock } from '@overdue/clock';
import { type Config, databaseTarget, redisTarget } from '@overdue/config';
import { connect, instanceStore } from '@overdue/database';
import { createDelivery, HttpClient, Mailer, notificationOptions } from '@overdue/notifications';
import { type Logger, type Registry, type RunningService, StartError } from '@overdue/observability';
import { createQueue } from '@overdue/queue';
import { Evaluator } from './evaluator.ts';
import { countJudged, createMetrics } from './metrics.ts';
import { Notices } from './notices.ts';
import { ReplaceablePool } from './replaceable-pool.ts';

/** Starts finding late checks and delivering what is owed. */
export async function startSendalerts(context: {
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly instance: { readonly id: string };
}): Promise<RunningService> {
  const { config, clock, logger, registry, instance } = context;
  const target = databaseTarget(config);
  if (!target) throw new StartError('No database is configured: set DATABASE_URL (or DB_HOST, DB_NAME, …).');
  if (!config.SECRET_KEY) throw new StartError('SECRET_KEY is not set: links in messages are signed with it.');
  const options = notificationOptions(config, config.SECRET_KEY);
  const database = new ReplaceablePool({
    clock,
    open: () => connect({ target, applicationName: 'overdue sendalerts', max: 12 }),
  });
  const onSilence = () => {
    if (database.replace()) logger.warn('The database is silent: its connections are made anew');
  };
  const metrics = createMetrics(registry);
  const mailer = new Mailer(options.email);
  const http = new HttpClient(options.http, clock);

  const notices = new Notices({ database, clock, mailer, site: options, logger });
  const deps = {
    get sql() {
      return database.sql;
    },
    ...{ clock, options, http, mailer, logger },
  };
  const delivery = createDelivery(deps, ({ kind, result, switchedOff }) => {
    metrics.attempts.inc({ kind, result });
    if (switchedOff) notices.tellOfSwitchedOff();
  });
  const queue = createQueue(
    { database, clock, logger, worker: instance.id, onSilence, concurrency: config.NUM_WORKERS },
    redisTarget(config),
    config.QUEUE_PREFIX,
  );

  const evaluator = new Evaluator({
    database,
    clock,
    logger,
    minGap: config.AMNESTY_MIN_GAP_SECONDS * 1000,
    onSilence,
    onGap() {
      metrics.gaps.inc();
      notices.tellOfGaps();
    },
    onJudged(judged) {
      countJudged(metrics, judged);
      if (judged.owed > 0) queue.wake();
    },
  });
  metrics.lag.set(Number.NaN);
  const everySecond = clock.every(1000, () => {
    const { judgedUntil, silent } = evaluator.state();
    metrics.silent.set(silent);
    metrics.lag.set(judgedUntil === null ? Number.NaN : Math.max(0, clock.now() - judgedUntil) / 1000);
  });

  await queue.start(delivery);
  evaluator.start();
  notices.start();

  return {
    instances: {
      register: (row) => instanceStore(database.sql).register(row),
      beat: (id, info) => instanceStore(database.sql).beat(id, info),
      stop: (id) => instanceStore(database.sql).stop(id),
    },
    info() {
      const { judgedUntil, backlog, problems } = evaluator.state();
      return { judged_until: judgedUntil, backlog, problems: [...problems, ...queue.problems()].slice(0, 20) };
    },
    ready: async () => [...evaluator.blockers(), ...queue.problems()],
    async drain() {
      await evaluator.stop();
      await queue.stop(6000);
    },
    async stop() {
      everySecond.cancel();
      notices.stop();
      mailer.close();
      await http.close();
      await database.close();
    },
  };
}
