import type { Clock } from '@overdue/clock';
import type { Config } from '@overdue/config';
import { SERVICES } from '@overdue/observability';
import { notReady } from '../supervisor/readiness.ts';
import { dataDirHolder } from '../support/data-dir-lock.ts';
import { type Finding, fine, wrong } from './finding.ts';

/** The services of a running `npm start` on this DATA_DIR. */
export async function examineServices(config: Config, clock: Clock): Promise<Finding[]> {
  if (!(await dataDirHolder(config.DATA_DIR, clock))) {
    return [fine('services', 'npm start is not running on this DATA_DIR')];
  }
  return await Promise.all(
    SERVICES.map(async (service) => {
      const why = await notReady(config, service);
      return why === null ? fine(service, 'ready') : wrong(service, why);
    }),
  );
}
