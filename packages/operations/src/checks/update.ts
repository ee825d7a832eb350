import { applyApiUpdate, editSchedule, type Flip } from '@overdue/checks';
import type { Clock, Instant } from '@overdue/clock';
import { type Database, insertFlips, type Statement, type TransactionSql } from '@overdue/database';
import { type ChannelSelection, replaceChannels, resolveChannels } from '../channels/selection.ts';
import { updateNagDates } from '../nag-dates.ts';
import type { Outcome } from '../outcome.ts';
import { applyRequest } from './apply-request.ts';
import { changeCheck } from './change.ts';
import type { CheckRequest } from './fields.ts';
import { gapsOf, knownOf } from './known.ts';
import type { CheckReference, CheckRow, CheckWithChannels, EditableColumns } from './row.ts';

export interface UpdateCheck extends CheckReference {
  /** New values, or what makes them from the check as it is. Valid (see fields.ts). */
  readonly fields?: Partial<EditableColumns> | ((current: CheckRow) => Partial<EditableColumns>);
  /** Replaces the assignment; absent: it stays. */
  readonly channels?: ChannelSelection;
}

/**
 * Changes a check as the API does (H6): `alert_after` is computed anew, the status stays; a deadline that is now past is
 * found by sendalerts, which tells people. Refused: `not-found`, `channels`.
 */
export function updateCheck(
  database: Database,
  { fields = {}, channels, ...reference }: UpdateCheck,
): Promise<Outcome<CheckWithChannels>> {
  return changeCheck(database, reference, async (sql, check) => {
    const channelIds = channels === undefined ? undefined : await resolveChannels(sql, check.project_id, channels);
    const changes = await writeChanges(sql, check, typeof fields === 'function' ? fields(check) : fields);
    return channelIds ? [...changes, ...replaceChannels(sql, check.id, channelIds)] : changes;
  });
}

/** {@link updateCheck} with a valid API request (management-api.md §7.4, §7.8). */
export function updateCheckByRequest(
  database: Database,
  { request, slugFromName, ...reference }: CheckReference & { request: CheckRequest; slugFromName: boolean },
): Promise<Outcome<CheckWithChannels>> {
  return updateCheck(database, {
    ...reference,
    fields: (current) => applyRequest(current, request, slugFromName),
    ...(request.channels === undefined ? {} : { channels: request.channels }),
  });
}

/** What writes the columns and the deadline that follows from them; the caller holds the check's lock. */
export async function writeChanges(
  sql: TransactionSql,
  check: CheckRow,
  changes: Partial<EditableColumns>,
): Promise<Statement[]> {
  const columns = defined(changes);
  if (Object.keys(columns).length === 0) return [];
  const { alert_after } = applyApiUpdate(check, columns, await gapsOf(sql, check));
  return [sql`update checks set ${sql(columns)}, ${deadline(sql, alert_after)} where id = ${check.id}`];
}

/** Without members that are undefined: those are not written. */
function defined<T extends object>(columns: T): T {
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined)) as T;
}

/** Sets `alert_after`, and `wake_at` so that sendalerts looks in time: it stays when the deadline only moves away. */
function deadline(sql: TransactionSql, at: Instant | null) {
  return sql`
    alert_after = ${at}::timestamptz,
    wake_at = case when ${at}::timestamptz is null then null else least(wake_at, ${at}::timestamptz) end`;
}

export type ScheduleColumns = Pick<EditableColumns, 'kind' | 'timeout' | 'grace' | 'schedule' | 'tz'>;

export interface EditSchedule extends CheckReference {
  readonly fields: Partial<ScheduleColumns>;
}

/**
 * Changes a check's schedule as the web form does (H5): an up check that is overdue under the new schedule goes down at
 * once and silently, since the person who edits it sees it. Never brings a check up, and never takes one down for what
 * is ours: see knownOf. Refused: `not-found`.
 */
export function editCheckSchedule(
  database: Database,
  clock: Clock,
  { fields, ...reference }: EditSchedule,
): Promise<Outcome<CheckWithChannels>> {
  return changeCheck(database, reference, async (sql, check) => {
    const now = clock.now();
    const { check: after, flip } = editSchedule(check, defined(fields), now, await knownOf(sql, check, now));
    const columns = { ...defined(fields), status: after.status };
    const edited = sql`
      update checks set ${sql(columns)}, ${deadline(sql, after.alert_after)} where id = ${check.id}`;
    return flip ? [edited, ...recordSilently(sql, check, flip, now)] : [edited];
  });
}

/** Records a status change that nobody is told about, and says so to the caches of checks. */
export function recordSilently(
  sql: TransactionSql,
  check: Pick<CheckRow, 'id' | 'code' | 'project_id'>,
  flip: Flip,
  now: Instant,
): Statement[] {
  const recorded = insertFlips(sql, [
    {
      checkId: check.id,
      createdAt: now,
      oldStatus: flip.old_status,
      newStatus: flip.new_status,
      reason: flip.reason,
      decision: { ...flip.decision },
      notify: false,
    },
  ]);
  const announced = sql`select pg_notify('check_changed', ${check.code})`;
  return flip.new_status === 'new'
    ? [recorded, announced]
    : [recorded, announced, updateNagDates(sql, [check.project_id], now)];
}
