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
 * machines may call it at once.
 * @returns the names of the migrations that this call applied
 * @throws MigrationError naming the migration that failed; the schema is then as it was
 */
export async function migrate(database: Database): Promise<readonly string[]> {
  const { error, results } = await migrator(database).migrateToLatest();
  if (error) {
    const failed = results?.find((r) => r.status === 'Error');
    throw new MigrationError(`Migration ${failed?.migrationName ?? ''} failed: ${describe(error)}`, { cause: error });
  }
  return (results ?? []).map((r) => r.migrationName);
}

/** Names of the migrations that this build brings and the database does not have yet, oldest first. */
export async function pendingMigrations(database: Database): Promise<readonly string[]> {
  const all = await migrator(database).getMigrations();
  return all.filter((m) => m.executedAt === undefined).map((m) => m.name);
}

function migrator(database: Database): Migrator {
  return new Migrator({
    db: database.db,
    provider: { getMigrations: load },
    migrationTableName: 'schema_migrations',
    migrationLockTableName: 'schema_migrations_lock',
  });
}

async function load(): Promise<Record<string, Migration>> {
  const files = (await readdir(FOLDER)).filter((f) => f.endsWith('.sql')).sort();
  return Object.fromEntries(
    await Promise.all(
      files.map(async (file) => {
        const text = await readFile(new URL(file, FOLDER), 'utf8');
        const up: Migration['up'] = async (db) => {
          // The driver prepares each statement and so takes one at a time; a DO block would hide the line of an error.
          for (const statement of splitStatements(text)) await sql.raw(statement).execute(db);
        };
        return [file.slice(0, -'.sql'.length), { up }] as const;
      }),
    ),
  );
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

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
