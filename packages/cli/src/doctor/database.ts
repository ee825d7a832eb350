import type { Clock } from '@overdue/clock';
import { connect, type DatabaseTarget, newerMigrations, pendingMigrations, type Sql } from '@overdue/database';
import { databaseProblem } from '../support/database.ts';
import { doubtful, type Finding, fine, wrong } from './finding.ts';
import { examineIngesters } from './ingesters.ts';

const OLDEST = 14;
const NEWEST = 18;
/** Connections that all services of one host take at most. */
const CONNECTIONS = 60;
const MAX_SKEW_MS = 2000;

/** The database: reachable, of a version that is supported, writable, with our schema; the two clocks; and ingesters that are missed. */
export async function examineDatabase(target: DatabaseTarget, clock: Clock): Promise<Finding[]> {
  const database = connect({ target, applicationName: 'overdue doctor', max: 1, connectTimeout: 5000 });
  try {
    const missing = await pendingMigrations(database);
    const newer = await newerMigrations(database);
    return [
      ...(await server(database.sql)),
      await time(database.sql, clock),
      schema(missing, newer),
      ...(missing.length === 0 ? await examineIngesters(database.sql) : []),
    ];
  } catch (error) {
    return [wrong('database', databaseProblem(target, error))];
  } finally {
    await database.close(0);
  }
}

async function server(sql: Sql): Promise<Finding[]> {
  const [row] = await sql<{ version: number; read_only: boolean; connections: number; sync: string; used: number }[]>`
    select current_setting('server_version_num')::int / 10000 as version,
           current_setting('transaction_read_only')::bool as read_only,
           current_setting('max_connections')::int as connections,
           current_setting('synchronous_commit') as sync,
           (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as used`;
  const { version, read_only, connections, sync, used } = row!;
  const found: Finding[] = [
    fine('database', `PostgreSQL ${version} answers, ${used} of ${connections} connections used`),
  ];
  if (version < OLDEST || version > NEWEST) {
    const text = `PostgreSQL ${version} is not supported`;
    found.push(wrong('database', text, `Use a version from ${OLDEST} to ${NEWEST}.`));
  }
  if (read_only) {
    const mend = 'It is a standby: name the primary too in DB_HOST or DATABASE_URL (several hosts, comma-separated).';
    found.push(wrong('database', 'this server takes no writes', mend));
  }
  if (connections < CONNECTIONS) {
    const mend = `Raise max_connections to ${CONNECTIONS} for each host that runs all services.`;
    found.push(doubtful('database', `max_connections is ${connections}`, mend));
  }
  if (sync === 'off') {
    const mend = 'Set it to on: with off, a crash of the server loses pings that were answered 200.';
    found.push(wrong('database', 'synchronous_commit is off', mend));
  }
  return found;
}

async function time(sql: Sql, clock: Clock): Promise<Finding> {
  const before = clock.now();
  const [row] = await sql<{ now: number }[]>`select clock_timestamp() as now`;
  const after = clock.now();
  // The database looked at its clock at some instant between.
  const skew = row!.now < before ? row!.now - before : Math.max(0, row!.now - after);
  const text = `this machine and the database differ by ${Math.abs(skew)} ms`;
  if (Math.abs(skew) <= MAX_SKEW_MS) return fine('clock', text);
  return wrong('clock', text, 'Run a time service (chrony, systemd-timesyncd) on both machines.');
}

function schema(missing: readonly string[], newer: readonly string[]): Finding {
  if (missing.length > 0) {
    return wrong(
      'schema',
      `${missing.length} migrations are missing: ${missing.join(', ')}`,
      'Run: npm run overdue -- migrate',
    );
  }
  if (newer.length === 0) return fine('schema', 'up to date');
  const mend = 'It runs on it, while a release is rolled out or taken back. Else update this machine.';
  return doubtful('schema', `newer than this release: it has ${newer.join(', ')}`, mend);
}
