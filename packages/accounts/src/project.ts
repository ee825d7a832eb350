import type { Sql, TransactionSql } from '@overdue/database';

/** A row of `projects`; field names are the columns'. Instants in epoch milliseconds. */
export interface Project {
  readonly id: number;
  readonly code: string;
  /** May be empty: shown as the owner's e-mail address then (accounts.md OB-2). */
  readonly name: string;
  readonly owner_id: number;
  readonly ping_key: string | null;
  readonly badge_key: string;
  readonly show_slugs: boolean;
  readonly ping_log_limit: number;
  readonly created_at: number;
}

const COLUMNS = [
  'id',
  'code',
  'name',
  'owner_id',
  'ping_key',
  'badge_key',
  'show_slugs',
  'ping_log_limit',
  'created_at',
] as const satisfies readonly (keyof Project)[];

const PLAIN = COLUMNS.map((name) => `p.${name}`).join(', ');
const PREFIX = 'project$';
const PREFIXED = COLUMNS.map((name) => `p.${name} as ${PREFIX}${name}`).join(', ');

/** The columns of {@link Project}, of a table called `p` in the statement. */
export function projectColumns(sql: Sql | TransactionSql) {
  return sql`${sql.unsafe(PLAIN)}`;
}

/** {@link projectColumns} for statements that select columns of others, too; {@link projectOf} reads them. */
export function projectColumnsBeside(sql: Sql | TransactionSql) {
  return sql`${sql.unsafe(PREFIXED)}`;
}

/** Takes the project out of a row with {@link projectColumnsBeside}. */
export function projectOf(row: Readonly<Record<string, unknown>>): Project {
  return Object.fromEntries(COLUMNS.map((name) => [name, row[PREFIX + name]])) as unknown as Project;
}

export const MAX_PROJECT_NAME = 60;
