import { MAX_SLUG } from '@overdue/checks';
import type { Clock } from '@overdue/clock';
import { type Database, transact } from '@overdue/database';
import { NO_SUCH_CHECK, type Outcome, outcomeOf, rollBack } from '../outcome.ts';
import { insertCheck } from './create.ts';
import { codePoints, MAX_NAME } from './fields.ts';
import { lockOwner, takeRoom } from './limit.ts';
import { type CheckReference, type CheckRow, type CheckWithChannels, EDITABLE_COLUMNS } from './row.ts';

/** H8: same settings and channels, status new, no history. Refused: `not-found`, `check-limit`. */
export function copyCheck(
  database: Database,
  clock: Clock,
  { code, projectId }: CheckReference & { readonly projectId: number },
): Promise<Outcome<CheckWithChannels>> {
  return outcomeOf(async () => {
    const [copy] = await transact(database.sql, async (sql) => {
      await takeRoom(sql, await lockOwner(sql, projectId));
      const [check] = await sql<CheckRow[]>`
        select * from checks where code = ${code} and project_id = ${projectId} for key share`;
      if (!check) rollBack(NO_SUCH_CHECK);
      const fields = Object.fromEntries(EDITABLE_COLUMNS.map((column) => [column, check[column]]));
      const channels = await sql<{ channel_id: number }[]>`
        select ch.id as channel_id from channel_checks cc join channels ch on ch.id = cc.channel_id
        where cc.check_id = ${check.id} for key share of ch`;
      const names = { name: copiedName(check.name), slug: copiedSlug(check.slug) };
      const channelIds = channels.map((c) => c.channel_id);
      return [insertCheck(sql, clock, projectId, { ...fields, ...names }, channelIds)];
    });
    return copy!;
  });
}

/** `name (copy)`, or the first 90 characters and `... (copy)` when that would be too long. */
export function copiedName(name: string): string {
  const copied = `${name} (copy)`;
  return codePoints(copied) <= MAX_NAME ? copied : `${[...name].slice(0, 90).join('')}... (copy)`;
}

/** `slug-copy`; empty stays empty, and too long becomes empty. */
export function copiedSlug(slug: string): string {
  if (slug === '') return '';
  const copied = `${slug}-copy`;
  return copied.length <= MAX_SLUG ? copied : '';
}
