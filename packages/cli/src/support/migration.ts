import type { Clock, Milliseconds } from '@overdue/clock';
import {
  connect,
  type Database,
  type DatabaseTarget,
  isConnectionError,
  migrate,
  newerMigrations,
} from '@overdue/database';
import { StartError } from '@overdue/observability';
import { causeOf, databaseProblem } from './database.ts';

/** How long a start waits for the schema: somebody else may be migrating for an hour, and pings come meanwhile. */
const PATIENCE: Milliseconds = 5000;
/** Between two attempts in the background. */
const PAUSE: Milliseconds = 2000;

export interface MigrationOptions<T> {
  readonly target: DatabaseTarget;
  readonly applicationName: string;
  readonly clock: Clock;
  /** Ends what goes on in the background. */
  readonly stopping: AbortSignal;
  say(line: string): void;
  /** Runs before each attempt to connect. */
  prepare?(): Promise<void>;
  /** Asked once the schema is up to date. */
  whenDone(database: Database): Promise<T>;
}

/**
 * Brings the schema up to date before a start, which does not depend on it: an ingester without its database spools.
 * @returns what `whenDone` says; null when the database is away or somebody else has been migrating for a while: then it
 * goes on in the background until it is done
 * @throws StartError when the database refuses, at the first attempt, in a way that waiting does not mend
 */
export async function migrateBeforeStart<T>(options: MigrationOptions<T>): Promise<T | null> {
  const { target, clock, stopping, say } = options;
  const first = attempt(options).then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  const enough = new AbortController();
  const outcome = await Promise.race([
    first,
    clock.sleep(PATIENCE, AbortSignal.any([stopping, enough.signal])).then(() => null),
  ]);
  enough.abort();
  if (outcome && 'value' in outcome) return outcome.value;
  if (outcome) {
    if (!isConnectionError(causeOf(outcome.error))) throw new StartError(databaseProblem(target, outcome.error));
    say(databaseProblem(target, outcome.error));
    say('Starting without it: pings are kept in the spool until it is there.');
  } else if (!stopping.aborted) {
    say(`The schema is still being brought up to date after ${PATIENCE / 1000} s, perhaps by another process.`);
    say('Starting meanwhile: pings are kept in the spool until it is done.');
  }
  void untilDone(options, first);
  return null;
}

/** `pending` is the attempt that goes on; after it others, until one succeeds. What is wrong is said once. */
async function untilDone<T>(
  options: MigrationOptions<T>,
  pending: Promise<{ value: T } | { error: unknown }>,
): Promise<void> {
  const { target, clock, stopping, say } = options;
  const first = await pending;
  if ('value' in first) return;
  let said = databaseProblem(target, first.error);
  while (!stopping.aborted) {
    await clock.sleep(PAUSE, stopping);
    if (stopping.aborted) return;
    try {
      await attempt(options);
      return;
    } catch (error) {
      const now = databaseProblem(target, error);
      if (now !== said && !stopping.aborted) say(now);
      said = now;
    }
  }
}

async function attempt<T>({
  target,
  applicationName,
  stopping,
  say,
  prepare,
  whenDone,
}: MigrationOptions<T>): Promise<T> {
  await prepare?.();
  const database = connect({ target, applicationName, max: 1, connectTimeout: 3000 });
  const hangUp = () => void database.close(0);
  stopping.addEventListener('abort', hangUp, { once: true });
  try {
    const applied = await migrate(database);
    if (applied.length > 0) say(`Brought the database schema up to date: ${applied.join(', ')}.`);
    const newer = await newerMigrations(database);
    if (newer.length > 0) say(newerSchema(newer));
    return await whenDone(database);
  } finally {
    stopping.removeEventListener('abort', hangUp);
    await database.close(1);
  }
}

/** What to say of migrations that a newer release than this one has applied: it runs on them. */
export function newerSchema(names: readonly string[]): string {
  return `The database schema is newer than this release, which runs on it: it has ${names.join(', ')}.`;
}
