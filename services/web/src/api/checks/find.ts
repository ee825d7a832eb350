import { uniqueKey } from '@overdue/checks';
import type { Fragment, Sql } from '@overdue/database';
import { type CheckWithChannels, channelCodes } from '@overdue/operations';
import type { Endpoint, KeyedCall } from '../http/endpoint.ts';
import { empty, NOT_FOUND, type Reply } from '../http/reply.ts';

export type Found = { readonly check: CheckWithChannels } | { readonly refusal: Reply };

/** An endpoint whose path names a check by `{uuid}`: what {@link findCheck} finds is read together with the key. */
export function ofCheck(endpoint: Pick<Endpoint, 'path' | 'tag' | 'operations'>): Endpoint {
  return { ...endpoint, cors: true, subject: (sql, { uuid }) => withCode(sql, uuid!) };
}

/** The check of the path, by whichever of UUID or unique key it names it. */
export function findCheck(call: KeyedCall): Found | Promise<Found> {
  const { subject, params, project } = call;
  if (subject === undefined) return byUniqueKey(call, params.unique_key!);
  // M-33: unknown: the 404 page; of another project: 403.
  const check = subject as CheckWithChannels | null;
  if (!check) return { refusal: NOT_FOUND };
  return check.project_id === project.id ? { check } : { refusal: empty(403) };
}

/** M-33: unknown, or of another project: an empty 404. */
async function byUniqueKey(call: KeyedCall, key: string): Promise<Found> {
  const { sql } = call.deps.database;
  const codes = await sql<{ code: string }[]>`select code from checks where project_id = ${call.project.id}`;
  const match = codes.find(({ code }) => uniqueKey(code) === key);
  const [check] = match ? await sql<CheckWithChannels[]>`${withCode(sql, match.code)}` : [];
  return check ? { check } : { refusal: empty(404) };
}

function withCode(sql: Sql, code: string): Fragment {
  return sql`select c.*, ${channelCodes(sql)} from checks c where c.code = ${code}`;
}
