import type { Clock } from '@overdue/clock';
import { type Database, type TransactionSql, transact } from '@overdue/database';
import { replaceChannels, resolveChannels } from '../channels/selection.ts';
import { type Outcome, outcomeOf } from '../outcome.ts';
import { applyRequest } from './apply-request.ts';
import { createAtOnce, inRoom, insertCheck } from './create.ts';
import type { CheckRequest } from './fields.ts';
import { lockOwner } from './limit.ts';
import { type CheckRow, type CheckWithChannels, lockCheck, NEW_CHECK, readCheck } from './row.ts';
import { writeChanges } from './update.ts';

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
    const { unique, channels } = request;
    if (!unique?.length) {
      const fields = applyRequest(NEW_CHECK, request, slugFromName);
      const check = await createAtOnce(database, clock, {
        projectId,
        fields,
        channels: channels ?? '',
        limitFactor: 1,
      });
      if (check) return { check, created: true };
    }
    let created = true;
    const [check] = await transact(database.sql, async (sql) => {
      const existing = unique?.length ? await lockOldest(sql, projectId, request) : null;
      created = existing === null;
      if (existing) {
        const ids = channels === undefined ? null : await resolveChannels(sql, projectId, channels);
        const changes = await writeChanges(sql, existing, applyRequest(existing, request, slugFromName));
        return [...changes, ...(ids ? replaceChannels(sql, existing.id, ids) : []), readCheck(sql, existing.id)];
      }
      const channelIds = await inRoom(sql, projectId, 1, channels ?? '');
      const fields = applyRequest(NEW_CHECK, request, slugFromName);
      return [insertCheck(sql, clock, projectId, fields, channelIds)];
    });
    return { check: check!, created };
  });
}

/** The check that is to be updated, if any, locked; its owner too, so that nobody makes another meanwhile. */
async function lockOldest(sql: TransactionSql, projectId: number, request: CheckRequest): Promise<CheckRow | null> {
  await lockOwner(sql, projectId);
  const code = await findByUnique(sql, projectId, request);
  return code === null ? null : lockCheck(sql, { code, projectId });
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
