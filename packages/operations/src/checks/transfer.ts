import { type Database, transact } from '@overdue/database';
import { ALL_CHANNELS, replaceChannels, resolveChannels } from '../channels/selection.ts';
import { NO_SUCH_CHECK, NO_SUCH_PROJECT, type Outcome, outcomeOf, rollBack } from '../outcome.ts';
import { lockOwner, takeRoom } from './limit.ts';
import { type CheckReference, type CheckWithChannels, lockCheck, readCheck } from './row.ts';

/**
 * H7: moves the check to another project; code, history and schedule stay, its channels become all of the target's.
 * Between owners the target's owner needs room. The caller has made sure that the person may write to both.
 * Refused: `not-found`, `check-limit`.
 */
export function transferCheck(
  database: Database,
  { targetProjectId, ...reference }: CheckReference & { readonly targetProjectId: number },
): Promise<Outcome<CheckWithChannels>> {
  return outcomeOf(async () => {
    const [check] = await transact(database.sql, async (sql) => {
      const owner = await lockOwner(sql, targetProjectId);
      const check = await lockCheck(sql, reference);
      if (!check) rollBack(NO_SUCH_CHECK);
      const [source] = await sql<{ owner_id: number }[]>`
        select owner_id from projects where id = ${check.project_id}`;
      if (!source) rollBack(NO_SUCH_PROJECT);
      if (source.owner_id !== owner.id) await takeRoom(sql, owner);
      await sql`update checks set project_id = ${targetProjectId} where id = ${check.id}`;
      const channelIds = await resolveChannels(sql, targetProjectId, ALL_CHANNELS);
      return [...replaceChannels(sql, check.id, channelIds), readCheck(sql, check.id)];
    });
    return check!;
  });
}
