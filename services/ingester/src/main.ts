import { systemClock } from '@overdue/clock';
import { databaseTarget, loadConfig } from '@overdue/config';
import { connect, instanceStore } from '@overdue/database';
import { runService, StartError } from '@overdue/observability';
import { startIngester } from './ingester.ts';

await runService({
  service: 'ingester',
  clock: systemClock,
  config: () => loadConfig(process.env),
  async start({ config, clock, logger, registry, instance }) {
    const target = databaseTarget(config);
    if (!target) throw new StartError('No database is configured: set DATABASE_URL, or DB_HOST, DB_NAME and DB_USER.');
    const database = connect({ target, applicationName: 'overdue ingester', max: 4 });
    const ingester = await startIngester({
      config,
      clock,
      logger,
      registry,
      database,
      openConnection: () => connect({ target, applicationName: 'overdue ingester batch', max: 1 }),
      instanceId: instance.id,
    });
    logger.info({ port: ingester.port }, `Taking pings on port ${ingester.port}`);
    return {
      ready: () => ingester.ready(),
      drain: () => ingester.drain(),
      async stop() {
        await ingester.stop();
        await database.close();
      },
      instances: instanceStore(database.sql),
    };
  },
});
