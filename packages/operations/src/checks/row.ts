import type { DB, Selectable, Sql, Statement, TransactionSql } from '@overdue/database';

/** A row of `checks`: instants in epoch milliseconds, `timeout` and `grace` in seconds. */
export type CheckRow = Selectable<DB['checks']>;

/** A check with the codes of its channels, as the API shows them: sorted, separated by commas, `''` for none. */
export type CheckWithChannels = CheckRow & { readonly channels: string };

/** The columns that people edit. */
export type EditableColumns = Pick<
  CheckRow,
  | 'name'
  | 'slug'
  | 'tags'
  | 'desc'
  | 'kind'
  | 'timeout'
  | 'grace'
  | 'schedule'
  | 'tz'
  | 'methods'
  | 'manual_resume'
  | 'filter_subject'
  | 'filter_body'
  | 'filter_http_body'
  | 'filter_default_fail'
  | 'start_kw'
  | 'success_kw'
  | 'failure_kw'
>;

export const EDITABLE_COLUMNS = [
  'name',
  'slug',
  'tags',
  'desc',
  'kind',
  'timeout',
  'grace',
  'schedule',
  'tz',
  'methods',
  'manual_resume',
  'filter_subject',
  'filter_body',
  'filter_http_body',
  'filter_default_fail',
  'start_kw',
  'success_kw',
  'failure_kw',
] as const satisfies readonly (keyof EditableColumns)[];

/** What a new check holds; the column defaults of the table. */
export const NEW_CHECK: EditableColumns = {
  name: '',
  slug: '',
  tags: '',
  desc: '',
  kind: 'simple',
  timeout: 86_400,
  grace: 3600,
  schedule: '* * * * *',
  tz: 'UTC',
  methods: '',
  manual_resume: false,
  filter_subject: false,
  filter_body: false,
  filter_http_body: false,
  filter_default_fail: false,
  start_kw: '',
  success_kw: '',
  failure_kw: '',
};

/** Which check: its code, and when given the project it has to be in. */
export interface CheckReference {
  readonly code: string;
  readonly projectId?: number;
}

/** The codes of a check's channels as text; a select-list expression over `c`, the check. */
export function channelCodes(sql: Sql | TransactionSql) {
  return sql`(
    select coalesce(string_agg(ch.code::text, ',' order by ch.code), '')
    from channel_checks cc join channels ch on ch.id = cc.channel_id where cc.check_id = c.id) as channels`;
}

/** Locks the check until the end of the transaction (the lock that the ping path takes too); null when it is gone. */
export async function lockCheck(sql: TransactionSql, check: CheckReference): Promise<CheckRow | null> {
  const rows = await sql<CheckRow[]>`
    select * from checks
    where code = ${check.code} ${check.projectId === undefined ? sql`` : sql`and project_id = ${check.projectId}`}
    for no key update`;
  return rows[0] ?? null;
}

/** Reads the check anew, with its channels, for use in the transaction that holds its lock. */
export function readCheck(sql: TransactionSql, id: number): Statement<CheckWithChannels> {
  return sql<CheckWithChannels[]>`select c.*, ${channelCodes(sql)} from checks c where c.id = ${id}`;
}
