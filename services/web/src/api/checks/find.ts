import { uniqueKey } from '@overdue/checks';
import { type CheckWithChannels, channelCodes } from '@overdue/operations';
import type { KeyedCall } from '../http/endpoint.ts';
import { empty, NOT_FOUND, type Reply } from '../http/reply.ts';

export type Found = { readonly check: CheckWithChannels } | { readonly refusal: Reply };

/** The check of the path, by whichever of UUID or unique key it names it. */
export function findCheck(call: KeyedCall): Promise<Found> {
  return call.params.uuid === undefined ? byUniqueKey(call, call.params.unique_key!) : byCode(call, call.params.uuid);
}

/** M-33: unknown: the 404 page; of another project: 403. */
async function byCode({ deps, project }: KeyedCall, code: string): Promise<Found> {
  const { sql } = deps.database;
  const [check] = await sql<CheckWithChannels[]>`
    select c.*, ${channelCodes(sql)} from checks c where c.code = ${code}`;
  if (!check) return { refusal: NOT_FOUND };
  return check.project_id === project.id ? { check } : { refusal: empty(403) };
}

/** M-33: unknown, or of another project: an empty 404. */
async function byUniqueKey(call: KeyedCall, key: string): Promise<Found> {
  const { sql } = call.deps.database;
  const codes = await sql<{ code: string }[]>`select code from checks where project_id = ${call.project.id}`;
  const match = codes.find(({ code }) => uniqueKey(code) === key);
  const found = match ? await byCode(call, match.code) : null;
  return found && 'check' in found ? found : { refusal: empty(404) };
}
