import type { Statement, TransactionSql } from '@overdue/database';
import { rollBack } from '../outcome.ts';

/**
 * Which of a project's channels: as the API writes them (§7.6: `''`, `'*'`, or UUIDs and names separated by commas), or
 * their codes.
 */
export type ChannelSelection = string | { readonly codes: readonly string[] };

export const ALL_CHANNELS = '*';

/**
 * The ids that `selection` means in the project; until the transaction ends none of them can be deleted. Rolls it back
 * when an item names none or several (M-44).
 */
export async function resolveChannels(
  sql: TransactionSql,
  projectId: number,
  selection: ChannelSelection,
): Promise<number[]> {
  if (selection === '' || (typeof selection === 'object' && selection.codes.length === 0)) return [];
  const channels = await sql<{ id: number; code: string; name: string }[]>`
    select id, code, name from channels where project_id = ${projectId} for key share`;
  if (selection === ALL_CHANNELS) return channels.map((c) => c.id);

  const ids = new Set<number>();
  const items = typeof selection === 'object' ? selection.codes : selection.split(',');
  for (const item of new Set(items)) {
    if (item === '') rollBack({ refused: 'channels', message: 'empty channel identifier' });
    const found = channels.filter((c) => c.code === item || (typeof selection === 'string' && c.name === item));
    if (found.length === 0) rollBack({ refused: 'channels', message: `invalid channel identifier: ${item}` });
    if (found.length > 1) rollBack({ refused: 'channels', message: `non-unique channel identifier: ${item}` });
    ids.add(found[0]!.id);
  }
  return [...ids];
}

/** Makes `channelIds` the channels of the check, and no others. */
export function replaceChannels(sql: TransactionSql, checkId: number, channelIds: readonly number[]): Statement[] {
  const removed = sql`
    delete from channel_checks
    where check_id = ${checkId} and channel_id <> all (${channelIds as number[]}::bigint[])`;
  return channelIds.length === 0 ? [removed] : [removed, addChannels(sql, checkId, channelIds)];
}

/** Adds channels to those that the check has. */
export function addChannels(sql: TransactionSql, checkId: number, channelIds: readonly number[]): Statement {
  return sql`
    insert into channel_checks (check_id, channel_id)
    select ${checkId}, unnest(${channelIds as number[]}::bigint[])
    on conflict do nothing`;
}
