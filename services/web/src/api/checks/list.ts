import { tagList } from '@overdue/checks';
import type { Database } from '@overdue/database';
import type { ShownCheck } from './document.ts';

export interface ListFilter {
  /** The check has all of them (M-29); an empty one, or one with a space, no check has. */
  readonly tags?: readonly string[];
  /** Empty: any (M-30). */
  readonly slug?: string;
}

/** The columns of the statement below, in its order; instants in epoch milliseconds. */
type Row = [
  code: string,
  name: string,
  slug: string,
  tags: string,
  desc: string,
  badgeKey: string,
  kind: ShownCheck['kind'],
  timeout: number,
  grace: number,
  schedule: string,
  tz: string,
  methods: ShownCheck['methods'],
  manualResume: boolean,
  filterSubject: boolean,
  filterBody: boolean,
  filterHttpBody: boolean,
  filterDefaultFail: boolean,
  startKw: string,
  successKw: string,
  failureKw: string,
  status: ShownCheck['status'],
  nPings: number,
  lastPing: number | null,
  lastStart: number | null,
  lastDurationMs: number | null,
  alertAfter: number | null,
  channels: string,
];

/** The driver's own objects grow column by column, and cost more than all the rest of a list. */
function readRow(row: Row): ShownCheck {
  return {
    code: row[0],
    name: row[1],
    slug: row[2],
    tags: row[3],
    desc: row[4],
    badge_key: row[5],
    kind: row[6],
    timeout: row[7],
    grace: row[8],
    schedule: row[9],
    tz: row[10],
    methods: row[11],
    manual_resume: row[12],
    filter_subject: row[13],
    filter_body: row[14],
    filter_http_body: row[15],
    filter_default_fail: row[16],
    start_kw: row[17],
    success_kw: row[18],
    failure_kw: row[19],
    status: row[20],
    n_pings: row[21],
    last_ping: row[22],
    last_start: row[23],
    last_duration_ms: row[24],
    alert_after: row[25],
    channels: row[26],
  };
}

/**
 * Shows the project's checks in the order in which they were made (M-28). One statement, whatever their number.
 * @param show is handed each check as it arrives: a thousand of them kept until the last has come cost the garbage
 *   collector as much time as reading them takes
 */
export async function listChecks(
  { sql }: Database,
  projectId: number,
  { tags = [], slug = '' }: ListFilter,
  show: (check: ShownCheck) => void,
): Promise<void> {
  if (slug.includes('\0') || tags.some((tag) => tag.includes('\0'))) return;
  // Whether a tag stands alone is decided below; the statement only spares us most of the others.
  const mayHaveTags = tags.length === 0 ? sql`` : tags.map((tag) => sql`and strpos(c.tags, ${tag}) > 0`);
  const rows = sql`
    select c.code, c.name, c.slug, c.tags, c."desc", c.badge_key, c.kind, c.timeout, c.grace, c.schedule, c.tz, c.methods,
           c.manual_resume, c.filter_subject, c.filter_body, c.filter_http_body, c.filter_default_fail, c.start_kw,
           c.success_kw, c.failure_kw, c.status, c.n_pings, c.last_ping, c.last_start, c.last_duration_ms,
           c.alert_after, coalesce(a.channels, '') as channels
    from checks c
    left join (
      select cc.check_id, string_agg(ch.code::text, ',' order by ch.code) as channels
      from channels ch join channel_checks cc on cc.channel_id = ch.id
      where ch.project_id = ${projectId} group by cc.check_id
    ) a on a.check_id = c.id
    where c.project_id = ${projectId} ${slug === '' ? sql`` : sql`and c.slug = ${slug}`} ${mayHaveTags}
    order by c.id`.values();
  await (rows as unknown as PendingRows).forEach((row) => {
    const check = readRow(row);
    if (hasTags(check, tags)) show(check);
  });
}

/** The driver can hand over row after row as arrays; its types do not say so. */
interface PendingRows {
  forEach(handle: (row: Row) => void): PromiseLike<unknown>;
}

function hasTags(check: ShownCheck, tags: readonly string[]): boolean {
  if (tags.length === 0) return true;
  const own = tagList(check.tags);
  return tags.every((tag) => own.includes(tag));
}
