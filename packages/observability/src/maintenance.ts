import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a service in maintenance says at /readyz. */
export const MAINTENANCE_REASON = 'This host is in maintenance.';

/** The flag of this host's maintenance mode: one for all services of the DATA_DIR, or one for a single service. */
export function maintenanceFile(dataDir: string, service?: string): string {
  return join(dataDir, 'run', service === undefined ? 'maintenance' : `maintenance.${service}`);
}

/** Is `service` on this host to report itself as not ready? Looks at the flags at once; no process needs a signal. */
export function inMaintenance(dataDir: string, service: string): boolean {
  return existsSync(maintenanceFile(dataDir)) || existsSync(maintenanceFile(dataDir, service));
}

/**
 * Switches maintenance on or off: for `service`, or without one for all of this host. Off for one service while it is
 * on for all leaves it on for the others. Off for all ends that of single services too.
 * @param all every service's name
 */
export function setMaintenance(
  dataDir: string,
  on: boolean,
  service: string | undefined,
  all: readonly string[],
): void {
  mkdirSync(join(dataDir, 'run'), { recursive: true });
  if (on) {
    set(dataDir, service);
    return;
  }
  if (service === undefined) {
    for (const one of [undefined, ...all]) clear(dataDir, one);
    return;
  }
  if (existsSync(maintenanceFile(dataDir))) {
    // The others' flags first, so that none of them is ready in between.
    for (const other of all) if (other !== service) set(dataDir, other);
    clear(dataDir);
  }
  clear(dataDir, service);
}

function set(dataDir: string, service?: string): void {
  writeFileSync(maintenanceFile(dataDir, service), '');
}

function clear(dataDir: string, service?: string): void {
  rmSync(maintenanceFile(dataDir, service), { force: true });
}
