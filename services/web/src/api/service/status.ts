import type { Database } from '@overdue/database';
import type { WebDeps } from '../../deps.ts';
import type { Endpoint, OpenOperation } from '../http/endpoint.ts';
import { text } from '../http/reply.ts';

/** A process whose last sign of life is older than this is not counted on, in milliseconds. They give one a second. */
const SILENCE_MS = 10_000;

/** How long the database may take to answer, in milliseconds. */
const PATIENCE_MS = 3000;

/** Alerts judged further behind the present than this are late, in milliseconds. sendalerts' evaluator says the same. */
const LATE_MS = 30_000;

interface Signs {
  readonly ingester: boolean;
  readonly sendalerts: boolean;
  /** How far behind the present alerts are judged, in milliseconds; null: nobody has judged any. */
  readonly behind: number | null;
  /** A sendalerts has only just started: its first look at the checks may be still to come. */
  readonly starting: boolean;
}

/** What keeps the product from doing its whole job, in sentences; empty: nothing. */
export async function whatIsWrong({ database, clock, logger }: WebDeps): Promise<string[]> {
  const giveUp = new AbortController();
  const read = readSigns(database).catch((error: unknown) => {
    logger.warn({ err: error }, 'status: the database does not answer');
    return null;
  });
  const signs = await Promise.race([read, clock.sleep(PATIENCE_MS, giveUp.signal).then(() => null)]);
  giveUp.abort();
  if (!signs) return ['The database cannot be reached.'];
  const wrong: string[] = [];
  if (!signs.ingester) wrong.push('No ingester is running: pings are not being taken.');
  if (!signs.sendalerts) wrong.push('No sendalerts is running: alerts are not being sent.');
  // Without an ingester nothing can be judged, and without sendalerts nobody judges: that has been said.
  if (wrong.length > 0) return wrong;
  if (signs.behind === null) {
    return signs.starting ? [] : ['Alerts are not being judged: sendalerts has not managed to since it started.'];
  }
  return signs.behind <= LATE_MS ? [] : [`Alerts are judged ${Math.round(signs.behind / 1000)} s behind.`];
}

/**
 * By what live processes say of themselves each second. Where there are several sendalerts, the one that is furthest
 * counts: each judges all checks.
 */
async function readSigns({ sql }: Database): Promise<Signs> {
  const milliseconds = (ms: number) => sql`${ms} * interval '1 millisecond'`;
  const [signs] = await sql<[Signs]>`
    with live as (
      select service, started_at, (info ->> 'judged_until')::float8 as judged_until from instances
      where (stopped_at is null or seen_at > stopped_at) and seen_at > now() - ${milliseconds(SILENCE_MS)}
    )
    select coalesce(bool_or(service = 'ingester'), false) as ingester,
           coalesce(bool_or(service = 'sendalerts'), false) as sendalerts,
           (extract(epoch from now()) * 1000 - max(judged_until))::float8 as behind,
           coalesce(bool_or(service = 'sendalerts' and started_at > now() - ${milliseconds(LATE_MS)}), false) as starting
    from live`;
  return signs;
}

const status: OpenOperation = {
  id: 'getStatus',
  summary: 'Whether the product can do its whole job',
  key: 'none',
  head: true,
  responses: {
    200: {
      description: '`OK`: database reachable, pings are taken, alerts are judged and sent.',
      contentType: 'text/html',
    },
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
