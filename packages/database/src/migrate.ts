import { readdir, readFile } from 'node:fs/promises';
import { type Migration, Migrator, sql } from 'kysely';
import type { Database } from './connect.ts';

const FOLDER = new URL('../migrations/', import.meta.url);

/** A migration failed; nothing of it was kept. */
export class MigrationError extends Error {
  override name = 'MigrationError';
}

/**
 * Brings the schema up to date; each migration in order, all in one transaction under an advisory lock, so several
 * machines may call it at once. What a newer release has done is left as it is: the release before it runs on that.
 * @param folder where the migrations of this build are
 * @returns the names of the migrations that this call applied
 * @throws MigrationError naming the migration that failed; the schema is then as it was. And when the database is not of
 *   this build's line: it lacks one of ours before one that it has, or has one that we lack before our newest
 */
export async function migrate(database: Database, folder: URL = FOLDER): Promise<readonly string[]> {
  const ours = await load(folder);
  for (;;) {
    const newer = await newerThan(database, Object.keys(ours));
    // Kysely refuses names in the database that it is not told of.
    const known = { ...Object.fromEntries(newer.map((name) => [name, OF_ANOTHER_RELEASE])), ...ours };
    const { error, results } = await migrator(database, known).migrateToLatest();
    if (!error) return (results ?? []).map((r) => r.migrationName);
    const failed = results?.find((r) => r.status === 'Error');
    if (failed)
      throw new MigrationError(`Migration ${failed.migrationName} failed: ${describe(error)}`, { cause: error });
    // A newer release may have migrated since we asked.
    const found = await newerThan(database, Object.keys(ours));
    if (found.length === newer.length) throw refused(error);
  }
}

/** Names of the migrations that this build brings and the database does not have yet, oldest first. */
export async function pendingMigrations(database: Database): Promise<readonly string[]> {
  const all = await migrator(database, await load(FOLDER)).getMigrations();
  return all.filter((m) => m.executedAt === undefined).map((m) => m.name);
}

/**
 * Names of the migrations that the database has from a newer release than this build, oldest first.
 * @throws MigrationError when the database is not of this build's line
 */
export async function newerMigrations(database: Database, folder: URL = FOLDER): Promise<readonly string[]> {
  return await newerThan(database, Object.keys(await load(folder)));
}

/** Never run: only names that the database has get it. */
const OF_ANOTHER_RELEASE: Migration = {
  async up() {
    throw new Error('it is of another release, which has to apply it');
  },
};

/** Names of the migrations that a database has, in no order. */
async function namesIn({ sql }: Database): Promise<string[]> {
  // Asked first: the server logs an error for a table that is not there, on everybody's first start.
  const [table] = await sql<{ name: string | null }[]>`select to_regclass('schema_migrations')::text as name`;
  if (table!.name === null) return [];
  return (await sql<{ name: string }[]>`select name from schema_migrations`).map(({ name }) => name);
}

/** @param ours all that this build brings, oldest first */
async function newerThan(database: Database, ours: readonly string[]): Promise<readonly string[]> {
  const names = await namesIn(database).catch((error) => {
    throw refused(error);
  });
  const executed = names.sort();
  const newest = ours.at(-1) ?? '';
  const strange = executed.filter((name) => name <= newest && !ours.includes(name));
  const left = ours.filter((name) => name < (executed.at(-1) ?? '') && !executed.includes(name));
  if (strange.length === 0 && left.length === 0) return executed.filter((name) => name > newest);
  const what = [
    ...(strange.length > 0 ? [`it has ${strange.join(', ')}, which this release does not know`] : []),
    ...(left.length > 0 ? [`it lacks ${left.join(', ')}, and has later ones`] : []),
  ];
  throw new MigrationError(
    `The schema is of another line than this release (${newest || 'no migrations'}): ${what.join('; ')}. ` +
      'Run the release that made it, or restore a backup.',
  );
}

function migrator(database: Database, migrations: Record<string, Migration>): Migrator {
  return new Migrator({
    db: database.db,
    provider: { getMigrations: async () => migrations },
    migrationTableName: 'schema_migrations',
    migrationLockTableName: 'schema_migrations_lock',
  });
}

/** By name, oldest first; each is read when it is run. */
async function load(folder: URL): Promise<Record<string, Migration>> {
  const files = (await readdir(folder)).filter((f) => f.endsWith('.sql')).sort();
  const up = (file: string) => async (db: Parameters<Migration['up']>[0]) => {
    const text = await readFile(new URL(file, folder), 'utf8');
    // The driver prepares each statement and so takes one at a time; a DO block would hide the line of an error.
    for (const statement of splitStatements(text)) await sql.raw(statement).execute(db);
  };
  return Object.fromEntries(files.map((file) => [file.slice(0, -'.sql'.length), { up: up(file) }]));
}

/** Splits SQL text at the semicolons that end statements: not inside quotes, dollar quotes or comments. */
export function splitStatements(text: string): string[] {
  const statements: string[] = [];
  const token = /--[^\n]*|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$\$[\s\S]*?\$\$|;/g;
  let start = 0;
  for (const match of text.matchAll(token)) {
    if (match[0] !== ';') continue;
    statements.push(text.slice(start, match.index).trim());
    start = match.index + 1;
  }
  statements.push(text.slice(start).trim());
  return statements.filter((s) => s.replace(/--[^\n]*/g, '').trim() !== '');
}

function refused(error: unknown): MigrationError {
  return new MigrationError(`The schema could not be brought up to date: ${describe(error)}`, { cause: error });
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
