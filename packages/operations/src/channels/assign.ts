import type { Database } from '@overdue/database';
import { lockCheck } from '../checks/row.ts';
import { NO_SUCH_CHANNEL, NO_SUCH_CHECK, type Outcome, outcomeOf, rollBack } from '../outcome.ts';
import { type ChannelReference, type ChannelRow, lockChannel, updateChannel } from './channels.ts';
import { addChannels } from './selection.ts';

/** Switches one channel of one check on or off; both are in the project. Refused: `not-found`. */
export function toggleChannel(
  database: Database,
  { code, projectId, channel, on }: { code: string; projectId: number; channel: string; on: boolean },
): Promise<Outcome<void>> {
  return outcomeOf(() =>
    database.sql.begin(async (sql) => {
      const check = await lockCheck(sql, { code, projectId });
      if (!check) rollBack(NO_SUCH_CHECK);
      const row = await lockChannel(sql, { code: channel, projectId });
      if (!row) rollBack(NO_SUCH_CHANNEL);
      if (on) await addChannels(sql, check.id, [row.id]);
      else await sql`delete from channel_checks where check_id = ${check.id} and channel_id = ${row.id}`;
    }),
  );
}

/** Makes the checks with these codes the checks of a channel, and no others. Refused: `not-found`, `checks`. */
export async function assignChecks(
  database: Database,
  args: ChannelReference & { readonly checks: 'all' | readonly string[] },
): Promise<Outcome<ChannelRow>> {
  return updateChannel(database, args);
}
