import {
  compareNaturally,
  type DisplayFields,
  displayStatus,
  downtimes,
  type FlipFacts,
  formatSentence,
  latestPeriods,
  type PeriodUnit,
  uniqueKey,
} from '@overdue/checks';
import type { Instant, Sql } from '@overdue/database';
import type { ReminderFacts, ReportFacts } from '@overdue/notifications';

/** Whoever none of whose checks was pinged for so long has left (status-and-alerting.md K6). */
const FORGOTTEN_MS = 180 * 86_400_000;

interface Row extends DisplayFields {
  readonly id: number;
  readonly code: string;
  readonly name: string;
  readonly tags: string;
  readonly created_at: Instant;
  readonly project_id: number;
  readonly project: string;
}

export interface Reader {
  readonly id: number;
  readonly tz: string;
}

interface Context {
  readonly sql: Sql;
  readonly siteRoot: string;
  readonly now: Instant;
}

/**
 * What a report says: of all checks that the reader may see, in the two last complete periods of their zone. Null: there
 * is nothing to report, as no check was pinged for half a year.
 */
export async function reportFacts(
  context: Context,
  reader: Reader,
  unit: PeriodUnit,
): Promise<Omit<ReportFacts, 'links'> | null> {
  const { sql, now } = context;
  const rows = await livingChecks(context, reader.id);
  if (rows === null) return null;
  const periods = latestPeriods(unit, 3, now, reader.tz);
  const flips = await flipsOf(sql, rows, periods[2]!.start);
  const projects = byProject(rows).map(({ title, checks }) => ({
    title,
    checks: checks
      .map((check) => {
        const [, latest, older] = downtimes(check, flips.get(check.id) ?? [], periods, now);
        return { ...described(context, check), downtimes: [older!, latest!] };
      })
      .sort((a, b) => b.downtimes[1]!.downtime_ms - a.downtimes[1]!.downtime_ms || compareNaturally(a.name, b.name)),
  }));
  return { unit, periods: [periods[2]!, periods[1]!], projects };
}

/** What a reminder says: which checks are down now. Null: none, or none that anybody still uses. */
export async function reminderFacts(context: Context, reader: Reader): Promise<Pick<ReminderFacts, 'projects'> | null> {
  const { now } = context;
  const rows = await livingChecks(context, reader.id);
  const down = (rows ?? []).filter((check) => displayStatus(check, now) === 'down');
  if (down.length === 0) return null;
  return {
    projects: byProject(down).map(({ title, checks }) => ({
      title,
      checks: checks
        .map((check) => ({
          ...described(context, check),
          lastPing: check.last_ping === null ? 'Never' : `${formatSentence(now - check.last_ping)} ago`,
        }))
        .sort((a, b) => compareNaturally(a.name, b.name)),
    })),
  };
}

/** The checks of the reader's own and joined projects, by project; null when all are forgotten. */
async function livingChecks({ sql, now }: Context, userId: number): Promise<Row[] | null> {
  const rows = await sql<Row[]>`
    select c.id, c.code, c.name, c.tags, c.created_at, c.kind, c.timeout, c.grace, c.schedule, c.tz, c.status,
      c.last_ping, c.last_start, c.alert_after, c.project_id, coalesce(nullif(p.name, ''), o.email) as project
    from checks c join projects p on p.id = c.project_id join users o on o.id = p.owner_id
    where p.owner_id = ${userId}
      or exists (select from members m where m.project_id = p.id and m.user_id = ${userId})
    order by p.name, p.id, c.id`;
  return rows.some(({ last_ping }) => last_ping !== null && last_ping >= now - FORGOTTEN_MS) ? rows : null;
}

/** Newest first, as they were recorded. */
async function flipsOf(sql: Sql, checks: readonly Row[], since: Instant): Promise<Map<number, FlipFacts[]>> {
  const flips = await sql<(FlipFacts & { check_id: number })[]>`
    select check_id, created_at, old_status from flips
    where check_id = any (${checks.map(({ id }) => id)}::bigint[]) and created_at >= ${since}
    order by id desc`;
  const byCheck = new Map<number, FlipFacts[]>();
  for (const flip of flips) {
    const of = byCheck.get(flip.check_id);
    if (of) of.push(flip);
    else byCheck.set(flip.check_id, [flip]);
  }
  return byCheck;
}

/** `rows` come project by project. */
function byProject(rows: readonly Row[]): { title: string; checks: Row[] }[] {
  const projects: { id: number; title: string; checks: Row[] }[] = [];
  for (const row of rows) {
    if (projects.at(-1)?.id !== row.project_id) {
      projects.push({ id: row.project_id, title: row.project, checks: [] });
    }
    projects.at(-1)!.checks.push(row);
  }
  return projects;
}

function described({ siteRoot, now }: Context, check: Row) {
  const { code, name, tags } = check;
  return { name, tags, status: displayStatus(check, now), link: `${siteRoot}/cloaked/${uniqueKey(code)}/` };
}
