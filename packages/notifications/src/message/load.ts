import type { Instant } from '@overdue/clock';
import type { Sql } from '@overdue/database';
import type { ChannelFacts, CheckFacts, Facts, FlipFacts, LastPing, ProjectFacts } from './facts.ts';

type CheckWithProject = CheckFacts & { readonly project_id: number };

interface OwedRow {
  readonly id: number;
  readonly code: string;
  readonly checkId: number | null;
  readonly channelId: number;
  readonly channelCode: string;
  readonly kind: string;
  readonly name: string;
  readonly value: unknown;
  readonly emailVerified: boolean;
  readonly disabled: boolean;
  readonly at: Instant | null;
  readonly oldStatus: string;
  readonly newStatus: 'up' | 'down';
  readonly reason: FlipFacts['reason'];
  readonly downSince: Instant | null;
  readonly n: number | null;
  readonly pingAt: Instant;
  readonly pingKind: string;
  readonly scheme: string;
  readonly remoteAddr: string | null;
  readonly exitStatus: number | null;
  readonly bodySize: number;
}

/**
 * Reads what many messages are about in three statements. Rows whose check, flip or channel is gone are missing from
 * the result.
 * @param ids of notifications
 */
export async function loadFacts(sql: Sql, ids: readonly number[]): Promise<Map<number, Facts>> {
  const owed = await sql<OwedRow[]>`
    select n.id, n.code, n.check_id as "checkId", c.id as "channelId", c.code as "channelCode", c.kind, c.name, c.value,
           c.email_verified as "emailVerified", c.disabled,
           f.created_at as at, f.old_status as "oldStatus", f.new_status as "newStatus", f.reason,
           before.down_since as "downSince",
           p.n, p.created_at as "pingAt", p.kind as "pingKind", p.scheme, p.remote_addr as "remoteAddr",
           p.exit_status as "exitStatus", coalesce(octet_length(p.body), 0) as "bodySize"
    from notifications n
    join channels c on c.id = n.channel_id
    join flips f on f.id = n.flip_id
    left join lateral (
      select case when b.new_status = 'down' then b.created_at end as down_since
      from flips b where b.check_id = n.check_id and b.created_at < f.created_at
      order by b.created_at desc, b.id desc limit 1
    ) before on f.new_status = 'up'
    left join lateral (
      select * from pings where check_id = n.check_id and created_at <= f.created_at
      order by created_at desc, n desc limit 1
    ) p on true
    where n.id = any(${ids as number[]}::bigint[])`;
  const checkIds = [...new Set(owed.map((row) => row.checkId))].filter((id) => id !== null);
  const checks = await loadChecks(sql, checkIds);
  const projects = await loadProjects(sql, [...new Set([...checks.values()].map((check) => check.project_id))]);
  const result = new Map<number, Facts>();
  for (const row of owed) {
    const check = row.checkId === null ? undefined : checks.get(row.checkId);
    const project = check && projects.get(check.project_id);
    if (!check || !project || row.at === null) continue;
    result.set(row.id, {
      deliveryId: row.code,
      test: false,
      channel: channelFacts(row),
      check,
      project,
      flip: { at: row.at, oldStatus: row.oldStatus, newStatus: row.newStatus, reason: row.reason },
      downSince: row.downSince,
      lastPing: lastPing(row),
    });
  }
  return result;
}

/** By id; projects that are gone are missing. */
export async function loadProjects(sql: Sql, ids: readonly number[]): Promise<Map<number, ProjectFacts>> {
  if (ids.length === 0) return new Map();
  const rows = await sql<ProjectFacts[]>`
    select p.id, p.code, p.name, u.id as "ownerId", u.email as "ownerEmail", u.tz as "ownerTz"
    from projects p join users u on u.id = p.owner_id
    where p.id = any(${ids as number[]}::bigint[])`;
  return new Map(rows.map((row) => [row.id, row]));
}

async function loadChecks(sql: Sql, ids: readonly number[]): Promise<Map<number, CheckWithProject>> {
  if (ids.length === 0) return new Map();
  const rows = await sql<(CheckWithProject & { id: number })[]>`
    select id, code, project_id, name, slug, tags, "desc", badge_key, kind, timeout, grace, schedule, tz, methods,
           manual_resume, filter_subject, filter_body, filter_http_body, filter_default_fail, start_kw, success_kw,
           failure_kw, created_at, status, n_pings, last_ping, last_start, last_start_rid, last_duration_ms, alert_after
    from checks where id = any(${ids as number[]}::bigint[])`;
  return new Map(rows.map((row) => [row.id, row]));
}

function channelFacts(row: OwedRow): ChannelFacts {
  const { channelId, channelCode, kind, name, value, emailVerified, disabled } = row;
  return { id: channelId, code: channelCode, kind, name, value, emailVerified, disabled };
}

function lastPing(row: OwedRow): LastPing | null {
  if (row.n === null) return null;
  const { n, pingAt: at, pingKind: kind, scheme, remoteAddr, exitStatus, bodySize } = row;
  return { n, at, kind, scheme, remoteAddr, exitStatus, bodySize };
}
