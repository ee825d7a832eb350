import type { Database } from '@overdue/database';
import type { ShownCheck } from './document.ts';

/** A check's tags: the parts of its tags between spaces, trimmed, without empty ones. */
export function tagList(tags: string): string[] {
  return tags
    .split(' ')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
}

export interface ListFilter {
  /** The check has all of them (M-29); an empty one, or one with a space, no check has. */
  readonly tags?: readonly string[];
  /** Empty: any (M-30). */
  readonly slug?: string;
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
  await sql<ShownCheck[]>`
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
    order by c.id`.forEach((check) => {
    if (hasTags(check, tags)) show(check);
  });
}

function hasTags(check: ShownCheck, tags: readonly string[]): boolean {
  if (tags.length === 0) return true;
  const own = tagList(check.tags);
  return tags.every((tag) => own.includes(tag));
}
