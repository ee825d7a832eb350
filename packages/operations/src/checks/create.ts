import type { Clock } from '@overdue/clock';
import { type Database, type Fragment, type Statement, type TransactionSql, transact } from '@overdue/database';
import { ALL_CHANNELS, type ChannelSelection, replaceChannels, resolveChannels } from '../channels/selection.ts';
import { type Outcome, outcomeOf } from '../outcome.ts';
import { applyRequest } from './apply-request.ts';
import type { CheckRequest } from './fields.ts';
import { hasRoom, lockOwner, lockRoom, ownerLock } from './limit.ts';
import { pauseLocked } from './pause.ts';
import { type CheckWithChannels, type EditableColumns, lockCheck, NEW_CHECK, readCheck } from './row.ts';
import { writeChanges } from './update.ts';

export interface CreateCheck {
  readonly projectId: number;
  readonly fields?: Partial<EditableColumns>;
  /** Default: none. */
  readonly channels?: ChannelSelection;
  /** 2 for checks that a ping makes (P-50). */
  readonly limitFactor?: 1 | 2;
  /** Made paused rather than new. */
  readonly paused?: boolean;
}

/**
 * Makes a check: status new, no history. Fields are valid (see fields.ts); the channels are looked up.
 * Refused: `check-limit` (also when two are made at once), `channels`, `not-found` (the project).
 */
export function createCheck(
  database: Database,
  clock: Clock,
  { projectId, fields = {}, channels = '', limitFactor = 1, paused = false }: CreateCheck,
): Promise<Outcome<CheckWithChannels>> {
  return outcomeOf(async () => {
    const made = paused ? null : await createAtOnce(database, clock, { projectId, fields, channels, limitFactor });
    if (made) return made;
    const [check] = await transact(database.sql, async (sql) => {
      const channelIds = await inRoom(sql, projectId, limitFactor, channels);
      const insert = insertCheck(sql, clock, projectId, fields, channelIds);
      if (!paused) return [insert];
      const [unpaused] = await insert;
      return [...pauseLocked(sql, clock, unpaused!), readCheck(sql, unpaused!.id)];
    });
    return check!;
  });
}

/**
 * {@link createCheck} with a selection of all channels or none: all of the transaction is one round trip.
 * @returns null: nothing was made, because of another selection, or because there is no room or no such project
 */
async function createAtOnce(
  database: Database,
  clock: Clock,
  { projectId, fields, channels, limitFactor }: Required<Omit<CreateCheck, 'paused'>>,
): Promise<CheckWithChannels | null> {
  if (channels !== '' && channels !== ALL_CHANNELS) return null;
  // The lock has a statement to itself: what is counted after it is what others had committed by then.
  const [check] = await transact(database.sql, async (sql) => [
    ownerLock(sql, projectId),
    insertion(sql, clock, projectId, fields, {
      channels:
        channels === ALL_CHANNELS
          ? sql`channels where project_id = ${projectId} for key share`
          : sql`channels where false`,
      condition: hasRoom(sql, projectId, limitFactor),
    }),
  ]);
  return check ?? null;
}

/** Writes the row and its channels. One statement; the caller has made sure that there is room. */
export function insertCheck(
  sql: TransactionSql,
  clock: Clock,
  projectId: number,
  fields: Partial<EditableColumns>,
  channelIds: readonly number[],
): Statement<CheckWithChannels> {
  const channels = sql`channels where id = any (${channelIds as number[]}::bigint[])`;
  return insertion(sql, clock, projectId, fields, { channels, condition: sql`true` });
}

/** @param channels what comes after `from` in a query for them */
function insertion(
  sql: TransactionSql,
  clock: Clock,
  projectId: number,
  fields: Partial<EditableColumns>,
  { channels, condition }: { readonly channels: Fragment; readonly condition: Fragment },
): Statement<CheckWithChannels> {
  const columns = { ...fields, project_id: projectId, created_at: clock.now() };
  const listed = (parts: readonly Fragment[]) => parts.map((part, i) => (i === 0 ? part : sql`, ${part}`));
  const names = listed(Object.keys(columns).map((name) => sql`${sql(name)}`));
  const values = listed(Object.values(columns).map((value) => sql`${value}`));
  return sql<CheckWithChannels[]>`
    with chosen as materialized (select id, code from ${channels}), made as (
      insert into checks (${names}) select ${values} where ${condition} returning *
    ), linked as (
      insert into channel_checks (check_id, channel_id) select made.id, chosen.id from made, chosen
    )
    select made.*, (select coalesce(string_agg(code::text, ',' order by code), '') from chosen) as channels
    from made`;
}

export interface UpsertCheck {
  readonly projectId: number;
  readonly request: CheckRequest;
  /** v1 and v2: `name` also sets the slug (M-26). */
  readonly slugFromName: boolean;
}

/**
 * Makes a check, or updates the oldest that agrees with the request in every field named by `unique` (M-45…M-50).
 * Several at once with the same `unique` make one check.
 * Refused: `check-limit`, `channels`.
 */
export function upsertCheck(
  database: Database,
  clock: Clock,
  { projectId, request, slugFromName }: UpsertCheck,
): Promise<Outcome<{ readonly check: CheckWithChannels; readonly created: boolean }>> {
  return outcomeOf(async () => {
    if (!request.unique?.length) {
      const fields = applyRequest(NEW_CHECK, request, slugFromName);
      const check = await createAtOnce(database, clock, {
        projectId,
        fields,
        channels: request.channels ?? '',
        limitFactor: 1,
      });
      if (check) return { check, created: true };
    }
    let created = true;
    const [check] = await transact(database.sql, async (sql) => {
      const { unique = [], channels } = request;
      if (unique.length > 0) {
        await lockOwner(sql, projectId);
        const code = await findByUnique(sql, projectId, request);
        const existing = code === null ? null : await lockCheck(sql, { code, projectId });
        if (existing) {
          const ids = channels === undefined ? null : await resolveChannels(sql, projectId, channels);
          const changes = await writeChanges(sql, existing, applyRequest(existing, request, slugFromName));
          created = false;
          return [...changes, ...(ids ? replaceChannels(sql, existing.id, ids) : []), readCheck(sql, existing.id)];
        }
      }
      const channelIds = await inRoom(sql, projectId, 1, channels ?? '');
      const fields = applyRequest(NEW_CHECK, request, slugFromName);
      return [insertCheck(sql, clock, projectId, fields, channelIds)];
    });
    return { check: check!, created };
  });
}

/**
 * Makes sure that the owner has room for one more check, and finds its channels: one round trip. Without room, that is
 * what is refused, whatever the channels.
 * @returns the ids of the channels
 */
async function inRoom(
  sql: TransactionSql,
  projectId: number,
  limitFactor: 1 | 2,
  channels: ChannelSelection,
): Promise<number[]> {
  const room = lockRoom(sql, projectId, limitFactor);
  const channelIds = resolveChannels(sql, projectId, channels);
  channelIds.catch(() => {}); // heard below, unless there is no room
  await room;
  return channelIds;
}

/** The code of the oldest check that has the request's values in all of its `unique` fields (M-48), or null. */
async function findByUnique(sql: TransactionSql, projectId: number, request: CheckRequest): Promise<string | null> {
  const fields = [...new Set(request.unique ?? [])];
  if (fields.length === 0 || fields.some((field) => request[field] === undefined)) return null;
  const conditions = fields.map((field) => sql`and ${sql(field)} = ${request[field]!}`);
  const [row] = await sql<{ code: string }[]>`
    select code from checks where project_id = ${projectId} ${conditions} order by id limit 1`;
  return row?.code ?? null;
}
