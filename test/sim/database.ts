import { connect, type Database, type DatabaseTarget, type Sql } from '@overdue/database';

/**
 * Makes a migrated database one of the simulation: its now() and clock_timestamp() are what the session's setting
 * `sim.now` says (epoch milliseconds), which the simulated network keeps at the virtual time.
 */
export async function prepareDatabase(target: DatabaseTarget): Promise<void> {
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

const TABLES = 'users, installation, instances, coverage, gaps, ingest_lanes, token_buckets, pings, flips';

/** Empties it, so that ids begin at 1 again: a run must not depend on those before it. */
export async function emptyDatabase(sql: Sql): Promise<void> {
  await sql.unsafe(`truncate ${TABLES} restart identity cascade`);
}

export function openAdmin(target: DatabaseTarget): Database {
  return connect({ target, applicationName: 'simulation', max: 1 });
}
