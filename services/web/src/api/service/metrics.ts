import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { RESPONSES } from '../http/common.ts';
import type { Endpoint, OpenOperation } from '../http/endpoint.ts';
import { empty, json } from '../http/reply.ts';

const metrics: OpenOperation = {
  id: 'getServiceMetrics',
  summary: 'Figures of the whole installation',
  description: 'Needs the header `X-Metrics-Key` with the configured `METRICS_KEY`.',
  key: 'none',
  credential: 'metricsKey',
  head: true,
  responses: {
    200: {
      description: 'The figures.',
      schema: z.strictObject({
        ts: z.int().describe('Now, in Unix time.'),
        max_ping_id: z.int().nullable(),
        max_notification_id: z.int().nullable(),
        num_unprocessed_flips: z.int().describe('Changes of status that somebody is still owed a message about.'),
      }),
    },
    403: { description: 'The key is missing or wrong, or none is configured.' },
    503: RESPONSES.away,
  },
  async handle({ deps, headers }) {
    const configured = deps.config.METRICS_KEY;
    const given = headers['x-metrics-key'];
    if (!configured || typeof given !== 'string' || !same(configured, given)) return empty(403);
    const [row] = await deps.database.sql`
      select (select nullif(sum(n_pings), 0) from checks)::float8 as max_ping_id,
             (select max(id) from notifications) as max_notification_id,
             (select count(distinct flip_id)::int from notifications where state = 'owed') as num_unprocessed_flips`;
    return json({ ts: Math.floor(deps.clock.now() / 1000), ...row });
  },
};

function same(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}

export const metricsEndpoints: readonly Endpoint[] = [
  { path: '/api/v{version}/metrics/', tag: 'Service', cors: false, allow: true, operations: { GET: metrics } },
];
