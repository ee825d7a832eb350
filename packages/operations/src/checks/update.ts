import { applyApiUpdate, editSchedule, type Flip } from '@overdue/checks';
import type { Clock, Instant } from '@overdue/clock';
import { type Database, recordFlips, type TransactionSql } from '@overdue/database';
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
    await writeChanges(sql, check, typeof fields === 'function' ? fields(check) : fields);
    if (channelIds) await replaceChannels(sql, check.id, channelIds);
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

/** Writes the columns and the deadline that follows from them; the caller holds the check's lock. */
export async function writeChanges(
  sql: TransactionSql,
  check: CheckRow,
  changes: Partial<EditableColumns>,
): Promise<void> {
  const columns = defined(changes);
  if (Object.keys(columns).length === 0) return;
  await sql`update checks set ${sql(columns)} where id = ${check.id}`;
  await setDeadline(sql, check.id, applyApiUpdate(check, columns, await gapsOf(sql, check)).alert_after);
}

/** Without members that are undefined: those are not written. */
function defined<T extends object>(columns: T): T {
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined)) as T;
}

/** Sets `alert_after`, and `wake_at` so that sendalerts looks in time: it stays when the deadline only moves away. */
async function setDeadline(sql: TransactionSql, checkId: number, deadline: Instant | null): Promise<void> {
  await sql`
    update checks
    set alert_after = ${deadline}::timestamptz,
        wake_at = case when ${deadline}::timestamptz is null then null else least(wake_at, ${deadline}::timestamptz) end
    where id = ${checkId}`;
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
    await sql`update checks set ${sql({ ...defined(fields), status: after.status })} where id = ${check.id}`;
    await setDeadline(sql, check.id, after.alert_after);
    if (flip) await recordSilently(sql, check, flip, now);
  });
}

/** Records a status change that nobody is told about, and says so to the caches of checks. */
export async function recordSilently(
  sql: TransactionSql,
  check: Pick<CheckRow, 'id' | 'code' | 'project_id'>,
  flip: Flip,
  now: Instant,
): Promise<void> {
  await recordFlips(sql, [
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
  await sql`select pg_notify('check_changed', ${check.code})`;
  if (flip.new_status !== 'new') await updateNagDates(sql, [check.project_id], now);
}
