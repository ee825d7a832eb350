import type { CheckState, Status } from '@overdue/checks';
import type { Fragment, ReservedSql, Sql } from '@overdue/database';
import { numbers } from './arrays.ts';

/** What is stored of a check that pings read and change; sure to be current only while its row is locked. */
export type StoredCheck = CheckState & {
  readonly id: number;
  /** Where the row is (ctid): it stays there as long as it is locked. */
  readonly place: string;
  /** See {@link Ping.rulesVersion}. */
  readonly rulesVersion: number;
};

export type StateRow = [
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

/** How many {@link stateColumns} there are. */
export const STATE_COLUMNS = 16;

/** Of `checks c`; to be read with `values()`. */
export function stateColumns(sql: Sql | ReservedSql): Fragment {
  return sql`
    c.id, c.kind, c.timeout, c.grace, case when c.kind <> 'simple' then c.schedule end,
    case when c.kind <> 'simple' then c.tz end, c.status, c.manual_resume, c.n_pings,
    date_part('epoch', c.last_ping) * 1000, date_part('epoch', c.last_start) * 1000, c.last_start_rid,
    c.last_duration_ms, date_part('epoch', c.alert_after) * 1000, c.ctid, c.rules_version`;
}

/** The order in which checks are locked. */
export function inOrder(ids: Iterable<number>): number[] {
  return [...ids].sort((a, b) => a - b);
}

/** Locks checks in the order of their ids, so that two batches cannot wait for each other; it is sent when this returns. */
export function lockChecks(sql: ReservedSql, ids: readonly number[]): Promise<readonly StateRow[]> {
  return sql<StateRow[]>`
    select ${stateColumns(sql)}
    from checks c where id = any(${numbers(inOrder(ids))}::bigint[]) order by id for no key update`
    .values()
    .execute() as unknown as Promise<readonly StateRow[]>;
}

/** A row that begins with {@link stateColumns}, as the state machine takes them. */
export function readState(row: StateRow | [...StateRow, ...unknown[]]): StoredCheck {
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
