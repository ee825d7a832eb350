import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Database, Fragment, Sql, TransactionSql } from '@overdue/database';
import { type Project, projectColumnsBeside, projectOf } from './project.ts';
import { randomText } from './random.ts';

/**
 * API keys: `hcw_` (read and write) or `hcr_` (read only) and 28 letters and digits (management-api.md M-16). The table
 * keeps the first 8 of the 28, to find candidates, and HMAC-SHA256 of the whole key under SECRET_KEY, so a stolen
 * dump opens nothing.
 */
export type ApiKeyKind = 'rw' | 'ro';

const START: Readonly<Record<ApiKeyKind, string>> = { rw: 'hcw_', ro: 'hcr_' };
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const RANDOM_LENGTH = 28;
const PREFIX_LENGTH = 8;

/** The kind that a key's first characters claim; null when it is not shaped like a key at all. */
export function apiKeyKind(key: string): ApiKeyKind | null {
  if (!/^hc[wr]_[A-Za-z0-9]{28}$/.test(key)) return null;
  return key.startsWith(START.rw) ? 'rw' : 'ro';
}

/**
 * Makes a project's API key of `kind`; the one it had stops working (accounts.md KY-2).
 * @returns the key, which cannot be shown again
 */
export async function createApiKey(
  sql: Sql | TransactionSql,
  secretKey: string,
  args: { projectId: number; kind: ApiKeyKind; createdBy: number | null },
): Promise<string> {
  const random = randomText(RANDOM_LENGTH, ALPHABET);
  const key = START[args.kind] + random;
  await sql`
    insert into api_keys (project_id, kind, prefix, hash, created_by)
    values (${args.projectId}, ${args.kind}, ${random.slice(0, PREFIX_LENGTH)}, ${digest(secretKey, key)},
            ${args.createdBy})
    on conflict (project_id, kind) do update
      set prefix = excluded.prefix, hash = excluded.hash, created_by = excluded.created_by, created_at = now(),
          last_used_at = null`;
  return key;
}

/** The project's key of `kind` stops working. @returns false when there was none */
export async function revokeApiKey(
  sql: Sql | TransactionSql,
  args: { projectId: number; kind: ApiKeyKind },
): Promise<boolean> {
  const rows = await sql`
    delete from api_keys where project_id = ${args.projectId} and kind = ${args.kind} returning id`;
  return rows.length > 0;
}

/** What may be shown of a key after its creation: the first characters. Instants in epoch milliseconds. */
export interface ApiKeyInfo {
  readonly kind: ApiKeyKind;
  /** `hcw_` or `hcr_` and four characters. */
  readonly start: string;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
}

/** A project's keys, at most one of each kind; instants in epoch milliseconds, `lastUsedAt` null: never. */
export async function listApiKeys(sql: Sql, projectId: number): Promise<ApiKeyInfo[]> {
  const rows = await sql<{ kind: ApiKeyKind; prefix: string; createdAt: number; lastUsedAt: number | null }[]>`
    select kind, prefix, created_at as "createdAt", last_used_at as "lastUsedAt"
    from api_keys where project_id = ${projectId}`;
  return rows.map(({ prefix, ...row }) => ({ ...row, start: START[row.kind] + prefix.slice(0, 4) }));
}

/** Whom a key belongs to, and what it may do. */
export interface KeyHolder<Row extends object = object> {
  readonly project: Project;
  readonly readOnly: boolean;
  /** The row of the query beside; null: it has none, or there is no such query. */
  readonly beside: Row | null;
}

/**
 * The project whose key this is (M-16, M-17); null when it is nobody's. Case-sensitive; a `hcw_` key never matches a
 * read-only slot and the other way round. `last_used_at` moves at most once an hour.
 * @param beside a query of one row at most, of a column `id` that is not null and others, to be run in the same
 * statement: half of what a short request costs is the way to the database
 */
export async function findProjectByApiKey<Row extends { readonly id: number }>(
  database: Database,
  secretKey: string,
  key: string,
  beside?: Fragment,
): Promise<KeyHolder<Row> | null> {
  const kind = apiKeyKind(key);
  if (kind === null) return null;
  const { sql } = database;
  const prefix = key.slice(START[kind].length, START[kind].length + PREFIX_LENGTH);
  const candidates = await sql<(Row & { key$hash: string; key$id: number; key$stale: boolean })[]>`
    select ${projectColumnsBeside(sql)}, k.hash as key$hash, k.id as key$id,
           (k.last_used_at is null or k.last_used_at < now() - interval '1 hour') as key$stale
           ${beside ? sql`, beside.*` : sql``}
    from api_keys k join projects p on p.id = k.project_id
    ${beside ? sql`left join lateral (${beside}) beside on true` : sql``}
    where k.prefix = ${prefix} and k.kind = ${kind}`;
  const expected = Buffer.from(digest(secretKey, key));
  // All candidates are compared, in constant time each, so the answer's timing tells nothing about a hash.
  const match = candidates.filter((c) => sameBytes(Buffer.from(c.key$hash), expected))[0];
  if (!match) return null;
  if (match.key$stale) await sql`update api_keys set last_used_at = now() where id = ${match.key$id}`;
  return { project: projectOf(match), readOnly: kind === 'ro', beside: match.id ? match : null };
}

function digest(secretKey: string, key: string): string {
  return createHmac('sha256', secretKey).update(key).digest('hex');
}

function sameBytes(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
