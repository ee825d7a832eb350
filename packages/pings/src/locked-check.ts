import type { CheckState, Status } from '@overdue/checks';
import type { ReservedSql } from '@overdue/database';
import { numbers } from './arrays.ts';

/** The state of a check whose row is locked. */
export type Locked = CheckState & {
  readonly id: number;
  /** Where the row is (ctid): it stays there as long as it is locked. */
  readonly place: string;
  /** See {@link Ping.rulesVersion}. */
  readonly rulesVersion: number;
};

type LockedRow = [
  id: number,
  kind: CheckState['kind'],
  timeout: number,
  grace: number,
  /** Null: a simple check, which has none. */
  schedule: string | null,
  tz: string | null,
  status: Status,
  manualResume: boolean,
  nPings: number,
  lastPing: number | null,
  lastStart: number | null,
  lastStartRid: string | null,
  lastDurationMs: number | null,
  alertAfter: number | null,
  place: string,
  rulesVersion: number,
];

/** Locks checks in the order of their ids, so that two batches cannot wait for each other; it is sent when this returns. */
export function lockChecks(sql: ReservedSql, ids: readonly number[]): Promise<readonly LockedRow[]> {
  const ordered = ids.toSorted((a, b) => a - b);
  return sql<LockedRow[]>`
    select id, kind, timeout, grace, case when kind <> 'simple' then schedule end, case when kind <> 'simple' then tz end,
           status, manual_resume,
           n_pings, date_part('epoch', last_ping) * 1000, date_part('epoch', last_start) * 1000, last_start_rid,
           last_duration_ms, date_part('epoch', alert_after) * 1000, ctid, rules_version
    from checks where id = any(${numbers(ordered)}::bigint[]) order by id for no key update`
    .values()
    .execute() as unknown as Promise<readonly LockedRow[]>;
}

/** The row that {@link lockChecks} found, as the state machine takes it. */
export function readState(row: LockedRow): Locked {
  return {
    id: row[0],
    kind: row[1],
    timeout: row[2],
    grace: row[3],
    schedule: row[4] ?? '',
    tz: row[5] ?? 'UTC',
    status: row[6],
    manual_resume: row[7],
    n_pings: row[8],
    last_ping: whole(row[9]),
    last_start: whole(row[10]),
    last_start_rid: row[11],
    last_duration_ms: row[12],
    alert_after: whole(row[13]),
    place: row[14],
    rulesVersion: row[15],
  };
}

/** date_part answers in binary floating point; instants are whole milliseconds. */
function whole(value: number | null): number | null {
  return value === null ? null : Math.round(value);
}
