/** The embedded PostgreSQL of a DATA_DIR: where it is, on which port, how it is started and ended. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '@overdue/clock';
import { connect, type DatabaseTarget } from '@overdue/database';
import { type EmbeddedServer, embeddedTarget, initialise, startEmbedded } from '@overdue/database/embedded';
import { StartError } from '@overdue/observability';
import { freePort, tryPort } from '../support/ports.ts';
import { commandLine, endProcess } from '../support/processes.ts';

export const EMBEDDED_DATABASE = 'overdue';

/** Where PostgreSQL keeps the embedded database. */
export function clusterDirectory(dataDir: string): string {
  return join(dataDir, 'postgres');
}

function portFile(dataDir: string): string {
  return join(dataDir, 'run', 'postgres.port');
}

/** Where the embedded database of this DATA_DIR was last started; null: never. */
export function knownTarget(dataDir: string): DatabaseTarget | null {
  const port = readNumber(portFile(dataDir));
  return port === null ? null : embeddedTarget(port, EMBEDDED_DATABASE);
}

/** The port it had the last time, if that is free; else another, remembered. Call with the DATA_DIR's lock held. */
export async function choosePort(dataDir: string, taken: readonly number[]): Promise<number> {
  const before = readNumber(portFile(dataDir));
  if (before !== null && !taken.includes(before) && !(await tryPort('127.0.0.1', before))) return before;
  const port = await freePort(taken);
  mkdirSync(join(dataDir, 'run'), { recursive: true });
  writeFileSync(portFile(dataDir), `${port}\n`);
  return port;
}

/** Makes the cluster if there is none. An initialisation that was interrupted leaves nothing behind that counts. */
export function createCluster(dataDir: string): void {
  const directory = clusterDirectory(dataDir);
  if (existsSync(join(directory, 'PG_VERSION'))) return;
  const draft = `${directory}.new`;
  rmSync(draft, { recursive: true, force: true });
  try {
    initialise({ directory: draft });
  } catch (error) {
    const detail = (error as { stderr?: Buffer }).stderr?.toString().trim();
    throw new StartError(`The embedded database could not be created in ${directory}: ${detail || error}`);
  }
  renameSync(draft, directory);
}

/** Starts the server; resolves when it accepts connections. `onSpawn` gets its pid at once. */
export function startCluster(options: {
  dataDir: string;
  port: number;
  clock: Clock;
  log: (line: string) => void;
  onSpawn?: (pid: number) => void;
}): Promise<EmbeddedServer> {
  const { dataDir, ...rest } = options;
  // Whoever shows the lines knows when and from whom they came.
  return startEmbedded({ directory: clusterDirectory(dataDir), settings: { log_line_prefix: '' }, ...rest });
}

/** Ends a server that a killed supervisor left running on this DATA_DIR. Call with the DATA_DIR's lock held. */
export async function endLeftoverServer(dataDir: string, clock: Clock): Promise<boolean> {
  const directory = clusterDirectory(dataDir);
  const pid = readNumber(join(directory, 'postmaster.pid'));
  if (pid === null || !commandLine(pid)?.includes(directory)) return false;
  await endServer(pid, clock, 10_000);
  return true;
}

/** "Fast" shutdown, which disconnects everybody; then "immediate"; then none at all. Nothing committed is lost by either. */
export async function endServer(pid: number, clock: Clock, patience: number): Promise<void> {
  const steps = [
    ['SIGINT', patience],
    ['SIGQUIT', 1000],
    ['SIGKILL', 1000],
  ] as const;
  await endProcess(pid, steps, clock);
}

/** Makes the product's database in the cluster if it is missing. */
export async function createDatabase(port: number): Promise<void> {
  const admin = connect({ target: embeddedTarget(port, 'postgres'), applicationName: 'overdue start', max: 1 });
  try {
    const [found] = await admin.sql`select 1 from pg_database where datname = ${EMBEDDED_DATABASE}`;
    if (!found) await admin.sql`create database ${admin.sql(EMBEDDED_DATABASE)}`;
  } finally {
    await admin.close();
  }
}

function readNumber(file: string): number | null {
  try {
    // postmaster.pid has more lines; its first is the pid.
    const number = Number.parseInt(readFileSync(file, 'utf8'), 10);
    return number > 0 ? number : null;
  } catch {
    return null;
  }
}
