import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The flag of this host's maintenance mode: one for all services of the DATA_DIR, or one for a single service. */
export function maintenanceFile(dataDir: string, service?: string): string {
  return join(dataDir, 'run', service === undefined ? 'maintenance' : `maintenance.${service}`);
}

/** Is `service` on this host to report itself as not ready? Looks at the flags at once; no process needs a signal. */
export function inMaintenance(dataDir: string, service: string): boolean {
  return existsSync(maintenanceFile(dataDir)) || existsSync(maintenanceFile(dataDir, service));
}

/** Sets or clears the flag; clearing it for all services clears those of single services too. */
export function setMaintenance(
  dataDir: string,
  on: boolean,
  service: string | undefined,
  all: readonly string[],
): void {
  mkdirSync(join(dataDir, 'run'), { recursive: true });
  if (on) {
    writeFileSync(maintenanceFile(dataDir, service), '');
    return;
  }
  const flags = [
    maintenanceFile(dataDir, service),
    ...(service ? [] : all.map((one) => maintenanceFile(dataDir, one))),
  ];
  for (const flag of flags) rmSync(flag, { force: true });
}
