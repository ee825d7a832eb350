import type { DisplayFields } from '@overdue/checks';
import type { Database } from '@overdue/database';
import type { WebDeps } from '../../deps.ts';
import { FreshReader } from './freshness.ts';
import { type Summary, summarise } from './summary.ts';

type Row = DisplayFields & { readonly name: string; readonly tags: string };

/** One check's badge. */
export interface CheckBadge {
  readonly name: string;
  readonly summary: Summary;
}

export interface BadgeStore {
  /** Summaries by tag of the project with this badge key; null: there is no such project. */
  project(badgeKey: string): Promise<ReadonlyMap<string, Summary> | null>;
  /** The check with this badge key, a UUID; null: there is none. */
  check(badgeKey: string): Promise<CheckBadge | null>;
}

/** Status of projects and checks for badges, at most a second old. */
export function badgeStore({ database, clock }: Pick<WebDeps, 'database' | 'clock'>): BadgeStore {
  const projects = new FreshReader(clock, async (keys) => {
    const rows = await readProjects(database, keys);
    const checks = new Map<string, Row[]>();
    for (const { badge_key, ...row } of rows) {
      const list = checks.get(badge_key) ?? [];
      checks.set(badge_key, list);
      if (row.status !== null) list.push(row as Row);
    }
    return new Map([...checks].map(([key, list]) => [key, summarise(list, clock.now())]));
  });
  const checks = new FreshReader(clock, async (keys) => {
    const rows = await readChecks(database, keys);
    return new Map<string, CheckBadge>(
      rows.map((row) => [row.badge_key, { name: row.name, summary: summarise([row], clock.now()).get('*')! }]),
    );
  });
  return { project: (key) => projects.get(key), check: (key) => checks.get(key) };
}

/** A row for each check; for a project without checks one in which everything but the badge key is null. */
async function readProjects({ sql }: Database, keys: readonly string[]) {
  return sql<({ badge_key: string } & { [K in keyof Row]: Row[K] | null })[]>`
    select p.badge_key, c.name, c.tags, c.kind, c.timeout, c.grace, c.schedule, c.tz, c.status, c.last_ping,
           c.last_start, c.alert_after
    from projects p left join checks c on c.project_id = p.id
    where p.badge_key = any (${keys as string[]}::text[])`;
}

async function readChecks({ sql }: Database, keys: readonly string[]) {
  return sql<(Row & { badge_key: string })[]>`
    select badge_key, name, '' as tags, kind, timeout, grace, schedule, tz, status, last_ping, last_start, alert_after
    from checks where badge_key = any (${keys as string[]}::uuid[])`;
}
