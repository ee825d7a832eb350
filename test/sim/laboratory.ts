import { connect, type Database, type DatabaseTarget } from '@overdue/database';
import { Sessions } from './sessions.ts';

/**
 * Makes a migrated database one of the simulation: its now() and clock_timestamp() are what the session's setting
 * `sim.now` says (epoch milliseconds), which the simulated network keeps at the virtual time.
 */
async function prepareDatabase(target: DatabaseTarget): Promise<void> {
  const database = connect({ target, applicationName: 'simulation', max: 1 });
  const { sql } = database;
  await sql.unsafe(`
    create schema sim;
    create function sim.now() returns timestamptz language sql stable as
      'select to_timestamp(coalesce(nullif(current_setting(''sim.now'', true), '''')::float8 / 1000, 0))';
    create function sim.clock_timestamp() returns timestamptz language sql stable as 'select sim.now()';
    alter database "${target.database}" set search_path = sim, pg_catalog, public;
    do $$
    declare c record;
    begin
      for c in select table_name, column_name from information_schema.columns
               where table_schema = 'public' and column_default = 'now()' loop
        execute format('alter table public.%I alter column %I set default sim.now()', c.table_name, c.column_name);
      end loop;
    end $$`);
  await database.close();
}

/** What a run may write to; everything that refers to another before that. */
const TABLES = [
  'notifications',
  'flips',
  'pings',
  'channel_checks',
  'checks',
  'channels',
  'projects',
  'users',
  'coverage',
  'instances',
  'dismissals',
  'gap_mails',
  'gaps',
  'ingest_lanes',
  'installation',
  'token_buckets',
];

/** What every run of the simulation uses and leaves as it found it. */
export interface Laboratory {
  readonly target: DatabaseTarget;
  /** A pool past the simulated network. */
  readonly admin: Database;
  readonly sessions: Sessions;
  /** Empties the database, so that ids begin at 1 again: a run must not depend on those before it. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** @param target a migrated database that is the simulation's alone */
export async function openLaboratory(target: DatabaseTarget): Promise<Laboratory> {
  await prepareDatabase(target);
  const admin = connect({ target, applicationName: 'simulation', max: 1 });
  const sessions = await Sessions.of(target, admin.sql);
  return {
    target,
    admin,
    sessions,
    async clear() {
      // Many times faster than TRUNCATE; and the files are empty after it, so that rows lie in the same order each time.
      await admin.sql.unsafe(TABLES.map((table) => `delete from ${table}`).join('; '));
      await admin.sql.unsafe(`vacuum ${TABLES}`);
      await admin.sql`
        select setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false) from pg_sequences
        where schemaname = 'public' and last_value is not null`;
    },
    async close() {
      sessions.close();
      await admin.close();
    },
  };
}
