import { missedStarts, type PingFacts, pingDurations } from '@overdue/checks';
import type { Sql } from '@overdue/database';
import { z } from 'zod';
import { findCheck, ofCheck } from '../checks/find.ts';
import { RESPONSES } from '../http/common.ts';
import type { Endpoint, KeyedOperation } from '../http/endpoint.ts';
import { Float } from '../http/json-parse.ts';
import { json, NOT_FOUND, text } from '../http/reply.ts';
import { preciseTimestamp } from '../http/timestamps.ts';

/** The most pings a list holds, whatever is kept (M-58). */
const MAX_PINGS = 1000;

interface PingRow extends PingFacts {
  readonly scheme: string;
  readonly remote_addr: string | null;
  readonly method: string;
  readonly ua: string;
  readonly has_body: boolean;
}

const pingSchema = z
  .strictObject({
    type: z.enum(['success', 'start', 'fail', 'log', 'ign']),
    date: z.string().meta({ format: 'date-time' }),
    n: z.int(),
    scheme: z.string(),
    remote_addr: z.string().nullable(),
    method: z.string(),
    ua: z.string(),
    rid: z.string().nullable().describe('Run id.'),
    body_url: z.string().nullable().describe('Where the body is; null when there is none.'),
    duration: z.number().optional().describe('Seconds since the start of the run; absent when there is none.'),
  })
  .meta({ id: 'Ping' });

const list: KeyedOperation = {
  id: 'listPings',
  summary: 'List the pings of a check',
  description: 'As many as are kept, 1000 at most.',
  key: 'rw',
  responses: {
    200: { description: 'The pings, newest first.', schema: z.strictObject({ pings: z.array(pingSchema) }) },
    403: RESPONSES.otherProject,
    404: RESPONSES.noCheck,
  },
  async handle(call) {
    const found = await findCheck(call);
    if ('refusal' in found) return found.refusal;
    const { check } = found;
    const { sql } = call.deps.database;
    const limit = call.project.ping_log_limit;
    const page = await sql<PingRow[]>`
      select n, kind, rid, created_at, scheme, remote_addr, method, ua, coalesce(octet_length(body), 0) > 0 as has_body
      from pings where check_id = ${check.id} and n > ${check.n_pings - limit}
      order by n desc limit ${Math.min(limit, MAX_PINGS)}`;
    const durations = pingDurations(page, await startsBefore(sql, check.id, page));
    const url = `${call.deps.config.SITE_ROOT}/api/v${call.version}/checks/${check.code}/pings`;
    return json({
      pings: page.map((ping) => {
        const duration = durations.get(ping.n);
        return {
          type: ping.kind,
          date: preciseTimestamp(ping.created_at),
          n: ping.n,
          scheme: ping.scheme,
          remote_addr: ping.remote_addr,
          method: ping.method,
          ua: ping.ua,
          rid: ping.rid,
          body_url: ping.has_body ? `${url}/${ping.n}/body` : null,
          ...(duration === undefined ? {} : { duration: new Float(hundredths(duration)) }),
        };
      }),
    });
  },
};

/** Milliseconds in seconds, rounded as Python does: the binary number, and halves to the even side. */
function hundredths(ms: number): number {
  const isHalf = ms % 250 === 125;
  return isHalf ? (2 * Math.round(ms / 20)) / 100 : Number((ms / 1000).toFixed(2));
}

/** The pings older than the page that tell the durations of its oldest ones (P-48). */
async function startsBefore(sql: Sql, checkId: number, page: readonly PingRow[]): Promise<PingFacts[]> {
  const misses = missedStarts(page);
  if (!misses || misses.length === 0) return [];
  const rids = misses.map((miss) => miss.rid ?? '');
  return sql<PingFacts[]>`
    select p.n, p.kind, p.rid, p.created_at
    from unnest(${rids}::text[]) as miss (rid)
    cross join lateral (
      select n, kind, rid, created_at from pings
      where check_id = ${checkId} and n < ${page.at(-1)!.n} and kind in ('start', 'success', 'fail')
        and rid is not distinct from nullif(miss.rid, '')::uuid
      order by n desc limit 1
    ) p`;
}

const body: KeyedOperation = {
  id: 'getPingBody',
  summary: "Get a ping's body",
  key: 'rw',
  responses: {
    200: { description: 'The bytes that were sent, up to the limit.', contentType: 'text/plain' },
    403: RESPONSES.otherProject,
    404: { description: 'There is no such check or ping, or the ping has no body.', contentType: 'text/html' },
  },
  async handle(call) {
    const found = await findCheck(call);
    if ('refusal' in found) return found.refusal;
    const n = Number(call.params.n);
    // Beyond the log's limit a ping is gone for its readers, even when the row is still there (M-59).
    if (!Number.isSafeInteger(n) || n <= found.check.n_pings - call.project.ping_log_limit) return NOT_FOUND;
    const [ping] = await call.deps.database.sql<{ body: Uint8Array | null }[]>`
      select body from pings where check_id = ${found.check.id} and n = ${n}`;
    return ping?.body?.length ? text(ping.body, 'text/plain') : NOT_FOUND;
  },
};

export const pingEndpoints: readonly Endpoint[] = [
  ofCheck({ path: '/api/v{version}/checks/{uuid}/pings/', tag: 'Pings', operations: { GET: list } }),
  ofCheck({ path: '/api/v{version}/checks/{uuid}/pings/{n}/body', tag: 'Pings', operations: { GET: body } }),
];
