import type { Clock } from '@overdue/clock';
import type { Database, TransactionSql } from '@overdue/database';
import { type ChannelSelection, replaceChannels, resolveChannels } from '../channels/selection.ts';
import { type Outcome, outcomeOf } from '../outcome.ts';
import { applyRequest } from './apply-request.ts';
import type { CheckRequest } from './fields.ts';
import { lockOwner, lockRoom } from './limit.ts';
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
  return outcomeOf(() =>
    database.sql.begin(async (sql) => {
      const channelIds = await inRoom(sql, projectId, limitFactor, channels);
      const check = await insertCheck(sql, clock, projectId, fields, channelIds);
      if (!paused) return check;
      await pauseLocked(sql, clock, check);
      return readCheck(sql, check.id);
    }),
  );
}

/** Writes the row and its channels. One statement; the caller has made sure that there is room. */
export async function insertCheck(
  sql: TransactionSql,
  clock: Clock,
  projectId: number,
  fields: Partial<EditableColumns>,
  channelIds: readonly number[],
): Promise<CheckWithChannels> {
  const columns = { ...fields, project_id: projectId, created_at: clock.now() };
  const ids = channelIds as number[];
  const [check] = await sql<CheckWithChannels[]>`
    with made as (
      insert into checks ${sql(columns)} returning *
    ), linked as (
      insert into channel_checks (check_id, channel_id) select made.id, unnest(${ids}::bigint[]) from made
    )
    select made.*, (
      select coalesce(string_agg(code::text, ',' order by code), '') from channels where id = any (${ids}::bigint[])
    ) as channels
    from made`;
  return check!;
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
  return outcomeOf(() =>
    database.sql.begin(async (sql) => {
      const { unique = [], channels } = request;
      if (unique.length > 0) {
        await lockOwner(sql, projectId);
        const code = await findByUnique(sql, projectId, request);
        const existing = code === null ? null : await lockCheck(sql, { code, projectId });
        if (existing) {
          const ids = channels === undefined ? null : await resolveChannels(sql, projectId, channels);
          await writeChanges(sql, existing, applyRequest(existing, request, slugFromName));
          if (ids) await replaceChannels(sql, existing.id, ids);
          return { check: await readCheck(sql, existing.id), created: false };
        }
      }
      const channelIds = await inRoom(sql, projectId, 1, channels ?? '');
      const fields = applyRequest(NEW_CHECK, request, slugFromName);
      return { check: await insertCheck(sql, clock, projectId, fields, channelIds), created: true };
    }),
  );
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
