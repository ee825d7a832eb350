import type { Clock } from '@overdue/clock';
import type { Config } from '@overdue/config';
import { pidFile, readPidFile, SERVICES, type ServiceName } from '@overdue/observability';
import { notReady } from '../supervisor/readiness.ts';
import { dataDirHolder } from '../support/data-dir-lock.ts';
import { processIdentity } from '../support/processes.ts';
import { doubtful, type Finding, fine, wrong } from './finding.ts';

/** The services on this DATA_DIR: all of them when `npm start` runs there, else those that `serve` runs. */
export async function examineServices(config: Config, clock: Clock): Promise<Finding[]> {
  if (await dataDirHolder(config.DATA_DIR, clock)) {
    return await Promise.all(SERVICES.map((service) => examineReadiness(config, service)));
  }
  const served = SERVICES.flatMap((service) => {
    const file = pidFile(config.DATA_DIR, service);
    const pid = readPidFile(file);
    return pid === null ? [] : [{ service, file, pid }];
  });
  if (served.length === 0) return [fine('services', 'none runs on this DATA_DIR')];
  return await Promise.all(
    served.map(async ({ service, file, pid }) =>
      processIdentity(pid) === null
        ? doubtful(service, `died: it left ${file} behind`, 'Start it again, or delete the file.')
        : await examineReadiness(config, service),
    ),
  );
}

async function examineReadiness(config: Config, service: ServiceName): Promise<Finding> {
  const why = await notReady(config, service);
  return why === null ? fine(service, 'ready') : wrong(service, why);
}
