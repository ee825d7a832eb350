import { systemClock } from '@overdue/clock';
import { databaseTarget, loadConfig } from '@overdue/config';
import { runService, StartError } from '@overdue/observability';
import { startIngester } from './ingester.ts';

await runService({
  service: 'ingester',
  clock: systemClock,
  config: () => loadConfig(process.env),
  async start({ config, clock, logger, registry, instance }) {
    const target = databaseTarget(config);
    if (!target) throw new StartError('No database is configured: set DATABASE_URL, or DB_HOST, DB_NAME and DB_USER.');
    const ingester = await startIngester({ config, clock, logger, registry, target, instanceId: instance.id });
    logger.info({ port: ingester.port }, `Taking pings on port ${ingester.port}`);
    return ingester;
  },
});
