import type { Sql } from '@overdue/database';
import { texts, words } from './arrays.ts';
import { type CheckRules, type RuleColumns, rulesOf } from './rules.ts';

/** What the ping path needs to know of a check before it is locked. */
export interface FoundCheck {
  readonly id: number;
  readonly code: string;
  readonly rules: CheckRules;
  /** checks.rules_version: another one after an edit of these, or of where the slug leads to. 20 bits. */
  readonly rulesVersion: number;
}

type Row = RuleColumns & { readonly id: number; readonly code: string; readonly rules_version: number };

/** Looks up checks by code; those that do not exist are missing from the result. */
export async function loadByCode(sql: Sql, codes: readonly string[]): Promise<FoundCheck[]> {
  const rows = await sql<Row[]>`
    select id, code, methods, filter_subject, filter_body, filter_http_body, filter_default_fail,
           start_kw, success_kw, failure_kw, rules_version
    from checks where code = any(${words(codes)}::uuid[])`;
  return rows.map(found);
}

export interface SlugAddress {
  readonly pingKey: string;
  readonly slug: string;
}

export interface FoundBySlug extends FoundCheck, SlugAddress {}

/** Looks up checks by ping key and slug: none, one, or (ambiguous) several for each address. */
export async function loadBySlug(sql: Sql, addresses: readonly SlugAddress[]): Promise<FoundBySlug[]> {
  const rows = await sql<(Row & { ping_key: string; slug: string })[]>`
    select p.ping_key, c.slug, c.id, c.code, c.methods, c.filter_subject, c.filter_body, c.filter_http_body,
           c.filter_default_fail, c.start_kw, c.success_kw, c.failure_kw,
           c.rules_version
    from unnest(${texts(addresses.map((a) => a.pingKey))}::text[], ${texts(addresses.map((a) => a.slug))}::text[])
      a(ping_key, slug)
    join projects p on p.ping_key = a.ping_key
    join checks c on c.project_id = p.id and c.slug = a.slug and c.slug <> ''`;
  return rows.map((row) => ({ ...found(row), pingKey: row.ping_key, slug: row.slug }));
}

function found(row: Row): FoundCheck {
  return { id: row.id, code: row.code, rules: rulesOf(row), rulesVersion: row.rules_version };
}
