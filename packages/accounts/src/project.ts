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

/** The columns of {@link Project}, of a table called `p` in the statement. */
export function projectColumns(sql: Sql | TransactionSql) {
  return sql`p.id, p.code, p.name, p.owner_id, p.ping_key, p.badge_key, p.show_slugs, p.ping_log_limit, p.created_at`;
}

export const MAX_PROJECT_NAME = 60;
