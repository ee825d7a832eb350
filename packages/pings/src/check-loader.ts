import type { Sql } from '@overdue/database';
import { texts, words } from './arrays.ts';
import { type CheckRules, rulesOf } from './rules.ts';
import { readState, STATE_COLUMNS, type StateRow, type StoredCheck, stateColumns } from './stored-check.ts';

/** What the ping path needs to know of a check before it is written. */
export interface FoundCheck {
  readonly id: number;
  readonly code: string;
  readonly rules: CheckRules;
  /** checks.rules_version: another one after an edit of these, or of where the slug leads to. 20 bits. */
  readonly rulesVersion: number;
  /** What it was in that moment. */
  readonly state: StoredCheck;
}

/** After the columns of its state. */
type Rest = [
  code: string,
  methods: string,
  filterSubject: boolean,
  filterBody: boolean,
  filterHttpBody: boolean,
  filterDefaultFail: boolean,
  startKw: string,
  successKw: string,
  failureKw: string,
];

function foundColumns(sql: Sql) {
  return sql`
    ${stateColumns(sql)}, c.code, c.methods, c.filter_subject, c.filter_body, c.filter_http_body, c.filter_default_fail,
    c.start_kw, c.success_kw, c.failure_kw`;
}

/** Looks up checks by code; those that do not exist are missing from the result. */
export async function loadByCode(sql: Sql, codes: readonly string[]): Promise<FoundCheck[]> {
  const rows = await sql`
    select ${foundColumns(sql)} from checks c where c.code = any(${words(codes)}::uuid[])`.values();
  return rows.map((row) => found(row as unknown as [...StateRow, ...Rest]));
}

export interface SlugAddress {
  readonly pingKey: string;
  readonly slug: string;
}

export interface FoundBySlug extends FoundCheck, SlugAddress {}

/** Looks up checks by ping key and slug: none, one, or (ambiguous) several for each address. */
export async function loadBySlug(sql: Sql, addresses: readonly SlugAddress[]): Promise<FoundBySlug[]> {
  const rows = await sql`
    select ${foundColumns(sql)}, p.ping_key, c.slug
    from unnest(${texts(addresses.map((a) => a.pingKey))}::text[], ${texts(addresses.map((a) => a.slug))}::text[])
      a(ping_key, slug)
    join projects p on p.ping_key = a.ping_key
    join checks c on c.project_id = p.id and c.slug = a.slug and c.slug <> ''`.values();
  return rows.map((row) => {
    const [pingKey, slug] = row.slice(-2) as [string, string];
    return { ...found(row as unknown as [...StateRow, ...Rest]), pingKey, slug };
  });
}

function found(row: [...StateRow, ...Rest]): FoundCheck {
  const state = readState(row);
  const [
    code,
    methods,
    filter_subject,
    filter_body,
    filter_http_body,
    filter_default_fail,
    start_kw,
    success_kw,
    failure_kw,
  ] = row.slice(STATE_COLUMNS) as Rest;
  const filters = { filter_subject, filter_body, filter_http_body, filter_default_fail };
  const rules = rulesOf({ methods, ...filters, start_kw, success_kw, failure_kw });
  return { id: state.id, code, rules, rulesVersion: state.rulesVersion, state };
}
