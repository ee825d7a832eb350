import { join } from 'node:path';
import { SERVICES, StartError, setMaintenance } from '@overdue/observability';
import { readConfig } from '../support/config.ts';
import { makeDirectory } from '../support/directory.ts';

/** `overdue maintenance on|off [--service S]`: takes effect at the next look at /readyz, without a restart. */
export function maintenance(state: string, options: { service?: string }): void {
  if (state !== 'on' && state !== 'off') {
    throw new StartError(`"${state}" is neither on nor off: overdue maintenance on|off [--service SERVICE].`);
  }
  const { service } = options;
  if (service !== undefined && !SERVICES.some((one) => one === service)) {
    throw new StartError(`There is no service "${service}"; the services are ${SERVICES.join(', ')}.`);
  }
  const { DATA_DIR } = readConfig(process.env);
  makeDirectory(join(DATA_DIR, 'run'), 'DATA_DIR');
  setMaintenance(DATA_DIR, state === 'on', service, SERVICES);
  process.stdout.write(`${service ?? 'all services'}: maintenance ${state}\n`);
}
