import type { Clock } from '@overdue/clock';
import { type Database, type Fragment, type Statement, type TransactionSql, transact } from '@overdue/database';
import { ALL_CHANNELS, type ChannelSelection, resolveChannels } from '../channels/selection.ts';
import { type Outcome, outcomeOf } from '../outcome.ts';
import { lockRoom, ownerLock, roomTaken } from './limit.ts';
import { pauseLocked } from './pause.ts';
import { type CheckWithChannels, type EditableColumns, readCheck } from './row.ts';

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
export async function createAtOnce(
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
      room: roomTaken(sql, projectId, 1, limitFactor),
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
  return insertion(sql, clock, projectId, fields, { channels, room: sql`select` });
}

/**
 * @param channels what comes after `from` in a query for them
 * @param room a statement of one row, or of none: then nothing is made
 */
function insertion(
  sql: TransactionSql,
  clock: Clock,
  projectId: number,
  fields: Partial<EditableColumns>,
  { channels, room }: { readonly channels: Fragment; readonly room: Fragment },
): Statement<CheckWithChannels> {
  const columns = { ...fields, project_id: projectId, created_at: clock.now() };
  const listed = (parts: readonly Fragment[]) => parts.map((part, i) => (i === 0 ? part : sql`, ${part}`));
  const names = listed(Object.keys(columns).map((name) => sql`${sql(name)}`));
  const values = listed(Object.values(columns).map((value) => sql`${value}`));
  return sql<CheckWithChannels[]>`
    with room as (${room}), chosen as materialized (select id, code from ${channels}), made as (
      insert into checks (${names}) select ${values} from room returning *
    ), linked as (
      insert into channel_checks (check_id, channel_id) select made.id, chosen.id from made, chosen
    )
    select made.*, (select coalesce(string_agg(code::text, ',' order by code), '') from chosen) as channels
    from made`;
}

/**
 * Makes sure that the owner has room for one more check, and finds its channels: one round trip. Without room, that is
 * what is refused, whatever the channels.
 * @returns the ids of the channels
 */
export async function inRoom(
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
