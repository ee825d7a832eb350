/** The database of a command that runs beside `npm start`, or without it. */
import type { Clock } from '@overdue/clock';
import { type Config, databaseTarget } from '@overdue/config';
import { connect, type Database, type DatabaseTarget, isConnectionError } from '@overdue/database';
import { StartError } from '@overdue/observability';
import {
  choosePort,
  createCluster,
  createDatabase,
  EMBEDDED_DATABASE,
  endLeftoverServer,
  knownTarget,
  startCluster,
} from '../embedded/cluster.ts';
import { dataDirHolder, type Holder, lockDataDir } from './data-dir-lock.ts';

/** How long a command waits for an `npm start` that is still starting, in milliseconds. */
const PATIENCE = 60_000;

/**
 * Runs `use` on the configured database; without one, on the embedded database of DATA_DIR: that of a running
 * `npm start`, or else started for as long as `use` takes.
 * @throws StartError when there is no database to be reached, in words
 */
export async function withDatabase<T>(
  config: Config,
  clock: Clock,
  use: (database: Database) => Promise<T>,
): Promise<T> {
  const target = databaseTarget(config);
  if (target) return await useTarget(target, use);
  const deadline = clock.monotonic() + PATIENCE;
  for (;;) {
    const lock = await lockDataDir(config.DATA_DIR, clock);
    if ('release' in lock) {
      try {
        return await withTemporaryServer(config.DATA_DIR, clock, use);
      } finally {
        lock.release();
      }
    }
    if (lock.embedded === false) throw new StartError(elsewhere(config.DATA_DIR, lock));
    const running = knownTarget(config.DATA_DIR);
    if (running && (await answers(running)) === null) return await useTarget(running, use);
    if (clock.monotonic() > deadline) {
      throw new StartError(
        `Overdue runs on ${config.DATA_DIR} (process ${lock.pid}), but its embedded database did not answer for ` +
          `${PATIENCE / 1000} seconds; see what it logs.`,
      );
    }
    await clock.sleep(250);
  }
}

/**
 * The embedded database if somebody runs it at the moment.
 * @throws StartError when whoever runs on `dataDir` has a database elsewhere
 */
export async function runningEmbeddedTarget(dataDir: string, clock: Clock): Promise<DatabaseTarget | null> {
  const holder = await dataDirHolder(dataDir, clock);
  if (holder?.embedded === false) throw new StartError(elsewhere(dataDir, holder));
  return holder && knownTarget(dataDir);
}

function elsewhere(dataDir: string, { pid }: Holder): string {
  return (
    `Overdue runs on ${dataDir} (process ${pid}) with a database of its own, not with the embedded one: set the same ` +
    'DATABASE_URL (or DB_HOST, DB_NAME, …) here.'
  );
}

async function useTarget<T>(target: DatabaseTarget, use: (database: Database) => Promise<T>): Promise<T> {
  const problem = await answers(target);
  if (problem) throw new StartError(problem);
  const database = connect({ target, applicationName: 'overdue', max: 2 });
  try {
    return await use(database);
  } finally {
    await database.close();
  }
}

async function withTemporaryServer<T>(
  dataDir: string,
  clock: Clock,
  use: (database: Database) => Promise<T>,
): Promise<T> {
  await endLeftoverServer(dataDir, clock);
  createCluster(dataDir);
  const port = await choosePort(dataDir, []);
  const server = await startCluster({ dataDir, port, clock, log: () => {} });
  try {
    await createDatabase(port);
    return await useTarget(knownTarget(dataDir)!, use);
  } finally {
    await server.stop();
  }
}

/** Null when the database answers; else what is wrong and how to mend it. */
export async function answers(target: DatabaseTarget): Promise<string | null> {
  const database = connect({ target, applicationName: 'overdue', max: 1, connectTimeout: 5000 });
  try {
    await database.sql`select 1`;
    return null;
  } catch (error) {
    return databaseProblem(target, error);
  } finally {
    await database.close(0);
  }
}

/** Why the database cannot be used, in words; for an error of the first connection to it, or of its migrations. */
export function databaseProblem(target: DatabaseTarget, error: unknown): string {
  const where = `${target.hosts.map((h) => `${h.host}:${h.port}`).join(',')}/${target.database}`;
  const cause = causeOf(error);
  const { code, message } = cause as { code?: string; message?: string };
  switch (code) {
    case '28P01':
    case '28000':
      return `The database at ${where} refuses the user "${target.user}": ${message}. Check DB_USER and DB_PASSWORD, or DATABASE_URL.`;
    case '3D000':
      return `The server answers, but has no database "${target.database}": create it (CREATE DATABASE ${target.database}), or correct DB_NAME or DATABASE_URL.`;
    case '42501':
      return `The user "${target.user}" may not use the database at ${where}: ${message}. Make it the owner: ALTER DATABASE ${target.database} OWNER TO ${target.user}.`;
    default:
      if (!isConnectionError(cause)) {
        return `The database at ${where} cannot be used: ${(error as { message?: string }).message || code}`;
      }
      return `The database at ${where} does not answer: ${message || code}. Check that it runs and that DATABASE_URL (or DB_HOST, DB_PORT) is right.`;
  }
}

/** A failed migration names the statement's own error as its cause. */
export function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause ? error.cause : error;
}

/** The URL by which the services are told of the embedded database. */
export function embeddedUrl(port: number): string {
  return `postgresql://overdue@127.0.0.1:${port}/${EMBEDDED_DATABASE}?sslmode=disable`;
}
