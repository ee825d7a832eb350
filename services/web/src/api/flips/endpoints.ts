import type { Instant } from '@overdue/clock';
import { z } from 'zod';
import { findCheck, ofCheck } from '../checks/find.ts';
import { RESPONSES } from '../http/common.ts';
import type { Endpoint, KeyedOperation } from '../http/endpoint.ts';
import { empty, json } from '../http/reply.ts';
import { timestamp } from '../http/timestamps.ts';

const MAX_TIMESTAMP = 10_000_000_000;
const MAX_SPAN = 31_536_000;

/** Bounds on the time of a flip; `from` inclusive, `until` exclusive. */
export interface FlipFilter {
  readonly from?: Instant;
  readonly until?: Instant;
}

/** M-63; null: one of them is not valid. Of repeated parameters the last counts. */
export function flipFilter(query: URLSearchParams, now: Instant): FlipFilter | null {
  const last = (name: string) => query.getAll(name).at(-1);
  const [start, end, seconds] = [last('start'), last('end'), last('seconds')];
  let from = Number.NEGATIVE_INFINITY;
  let until = Number.POSITIVE_INFINITY;
  if (start !== undefined) {
    const value = whole(start, MAX_TIMESTAMP);
    if (value === null) return null;
    from = value * 1000;
  }
  if (end !== undefined) {
    const value = whole(end, MAX_TIMESTAMP);
    if (value === null) return null;
    until = value * 1000;
  }
  if (seconds !== undefined && seconds !== '') {
    const value = whole(seconds.replace(/\.0*(?=\s*$)/, ''), MAX_SPAN);
    if (value === null) return null;
    if (value > 0) from = Math.max(from, now - value * 1000);
  }
  return {
    ...(from === Number.NEGATIVE_INFINITY ? {} : { from }),
    ...(until === Number.POSITIVE_INFINITY ? {} : { until }),
  };
}

/** A whole number of 0…max, with spaces around it if need be; else null. */
function whole(text: string, max: number): number | null {
  const trimmed = text.trim();
  if (!/^[-+]?\d+$/.test(trimmed)) return null;
  const value = Number(trimmed);
  return value >= 0 && value <= max ? value : null;
}

const list: KeyedOperation = {
  id: 'listFlips',
  summary: "List a check's changes of status",
  key: 'ro',
  query: [
    { name: 'seconds', description: 'Only changes within this many seconds.', schema: z.int().min(0).max(MAX_SPAN) },
    {
      name: 'start',
      description: 'Only changes at or after, in Unix time.',
      schema: z.int().min(0).max(MAX_TIMESTAMP),
    },
    { name: 'end', description: 'Only changes before, in Unix time.', schema: z.int().min(0).max(MAX_TIMESTAMP) },
  ],
  responses: {
    200: {
      description: 'The changes, newest first.',
      schema: z.strictObject({
        flips: z.array(
          z
            .strictObject({
              timestamp: z.string().meta({ format: 'date-time' }),
              up: z.literal([0, 1]).describe('1: the new status is up.'),
            })
            .meta({ id: 'Flip' }),
        ),
      }),
    },
    400: { description: 'A parameter is not valid.' },
    403: RESPONSES.otherProject,
    404: RESPONSES.noCheck,
  },
  async handle(call) {
    const found = await findCheck(call);
    if ('refusal' in found) return found.refusal;
    const filter = flipFilter(call.query, call.deps.clock.now());
    if (!filter) return empty(400);
    const { sql } = call.deps.database;
    const flips = await sql<{ created_at: Instant; new_status: string }[]>`
      select created_at, new_status from flips
      where check_id = ${found.check.id}
        ${filter.from === undefined ? sql`` : sql`and created_at >= ${filter.from}`}
        ${filter.until === undefined ? sql`` : sql`and created_at < ${filter.until}`}
      order by id desc`;
    return json({
      flips: flips.map((flip) => ({ timestamp: timestamp(flip.created_at), up: flip.new_status === 'up' ? 1 : 0 })),
    });
  },
};

export const flipEndpoints: readonly Endpoint[] = [
  ofCheck({ path: '/api/v{version}/checks/{uuid}/flips/', tag: 'Flips', operations: { GET: list } }),
  {
    path: '/api/v{version}/checks/{unique_key}/flips/',
    tag: 'Flips',
    cors: true,
    operations: {
      GET: {
        ...list,
        id: 'listFlipsByUniqueKey',
        summary: "List a check's changes of status, by its unique key",
        responses: Object.fromEntries(
          Object.entries(list.responses).filter(([status]) => status !== '403'),
        ) as KeyedOperation['responses'],
      },
    },
  },
];
