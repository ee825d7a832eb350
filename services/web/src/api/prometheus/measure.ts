import type { DisplayFields } from '@overdue/checks';
import type { Instant } from '@overdue/clock';
import type { Database } from '@overdue/database';

/** A check and what is measured of it. */
export interface MeasuredCheck extends DisplayFields {
  readonly code: string;
  readonly name: string;
  readonly tags: string;
  readonly alert_after: Instant | null;
  readonly last_duration_ms: number | null;
  /** Newest success among the pings that are kept. */
  readonly last_success: Instant | null;
  readonly flips_last_day: number;
}

const DAY_MS = 86_400_000;

/** The project's checks in the order in which they were made. One statement, whatever their number. */
export async function measureChecks({ sql }: Database, projectId: number, now: Instant): Promise<MeasuredCheck[]> {
  return sql<MeasuredCheck[]>`
    select c.code, c.name, c.tags, c.kind, c.timeout, c.grace, c.schedule, c.tz, c.status, c.last_ping, c.last_start,
           c.alert_after, c.last_duration_ms, s.created_at as last_success, f.flips_last_day
    from checks c
    left join lateral (
      select created_at from pings where check_id = c.id and kind = 'success' order by n desc limit 1
    ) s on true
    cross join lateral (
      select count(*)::int as flips_last_day from flips where check_id = c.id and created_at > ${now - DAY_MS}
    ) f
    where c.project_id = ${projectId}
    order by c.id`;
}
