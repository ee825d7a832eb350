import type { Instant } from '@overdue/clock';
import type { WebDeps } from '../../deps.ts';
import type { Endpoint, OpenOperation } from '../http/endpoint.ts';
import { text } from '../http/reply.ts';

/** A process whose last sign of life is older than this is not counted on, in milliseconds. They give one a second. */
const SILENCE_MS = 10_000;

/** How long the database may take to answer, in milliseconds. */
const PATIENCE_MS = 3000;

const MISSING: readonly [service: string, message: string][] = [
  ['ingester', 'No ingester is running: pings are not being taken.'],
  ['sendalerts', 'No sendalerts is running: alerts are not being sent.'],
];

/** What keeps the product from doing its whole job, in sentences; empty: nothing. */
export async function whatIsWrong({ database, clock, logger }: WebDeps): Promise<string[]> {
  const giveUp = new AbortController();
  const live = database.sql<{ service: string; seen_at: Instant }[]>`
    select distinct service from instances
    where (stopped_at is null or seen_at > stopped_at) and seen_at > now() - ${SILENCE_MS} * interval '1 millisecond'`.then(
    (rows) => new Set(rows.map((row) => row.service)),
    (error: unknown) => {
      logger.warn({ err: error }, 'status: the database does not answer');
      return null;
    },
  );
  const services = await Promise.race([live, clock.sleep(PATIENCE_MS, giveUp.signal).then(() => null)]);
  giveUp.abort();
  if (!services) return ['The database cannot be reached.'];
  return MISSING.filter(([service]) => !services.has(service)).map(([, message]) => message);
}

const status: OpenOperation = {
  id: 'getStatus',
  summary: 'Whether the product can do its whole job',
  key: 'none',
  head: true,
  responses: {
    200: { description: '`OK`: database reachable, pings are taken, alerts are sent.', contentType: 'text/html' },
    503: { description: 'What is wrong, one sentence a line.', contentType: 'text/html' },
  },
  async handle({ deps }) {
    const wrong = await whatIsWrong(deps);
    return wrong.length === 0 ? text('OK') : text(`${wrong.join('\n')}\n`, undefined, 503);
  },
};

export const statusEndpoints: readonly Endpoint[] = [
  { path: '/api/v{version}/status/', tag: 'Service', cors: false, allow: true, operations: { GET: status } },
];
