import type { Logger } from '@overdue/observability';
import type { Applied, Ping, ReplayEvents, WriterEvents } from '@overdue/pings';
import type { Metrics } from '../metrics.ts';

export interface Reports {
  readonly writer: Omit<WriterEvents, 'stranded'>;
  readonly replay: Omit<ReplayEvents, 'waits'>;
}

/** What is counted and logged of what the writer and the replay do. */
export function reportsTo(metrics: Metrics, logger: Pick<Logger, 'info' | 'warn' | 'error'>): Reports {
  const judged = ({ timeouts, unjudged }: Applied) => {
    if (timeouts > 0) metrics.late.inc({ judged: 'yes' }, timeouts);
    if (unjudged === 0) return;
    metrics.late.inc({ judged: 'no' }, unjudged);
    logger.warn({ pings: unjudged }, 'Pings came after their deadline, and another ingester may hold earlier ones');
  };
  const both = {
    problem: (checkId: number, text: string) => logger.warn({ checkId }, text),
    poison(ping: { checkId: number | null; id: string }, err: unknown) {
      metrics.dropped.inc({ why: 'poison' });
      logger.error({ err, checkId: ping.checkId, ping: ping.id }, 'PostgreSQL refuses this ping; it is left out');
    },
  };
  /** Senders come again and again: one line for each time that the database is away. */
  let toldOfRefusals = false;
  return {
    writer: {
      ...both,
      committed(applied, pings, milliseconds) {
        metrics.accepted.inc({ how: 'committed' }, counted(pings));
        metrics.batches.inc({ way: applied.way });
        metrics.batchSize.observe(pings.length);
        metrics.commitSeconds.observe(milliseconds / 1000);
        judged(applied);
      },
      spooled: (pings) => metrics.accepted.inc({ how: 'spooled' }, counted(pings)),
      away: (err) => logger.warn(err ? { err } : {}, 'Pings go to the spool'),
      refused(_pings, err) {
        if (toldOfRefusals) return;
        toldOfRefusals = true;
        logger.error({ err }, 'Pings are answered 503: the database is away, and the spool does not take them');
      },
      back() {
        toldOfRefusals = false;
        logger.info('Pings go to the database');
      },
    },
    replay: {
      ...both,
      applied: judged,
      replayed: (pings) => metrics.replayed.inc(pings),
      dropped(why, ping) {
        metrics.dropped.inc({ why });
        logger.warn({ address: ping.unresolved?.address }, `A spooled ping is left out: its address is ${why}`);
      },
      stalled: (err) => logger.error({ err }, 'What is spooled cannot be applied; trying again'),
    },
  };
}

/** How many there are, those included that are only counted. */
function counted(pings: readonly Ping[]): number {
  return pings.reduce((sum, { skipped }) => sum + skipped + 1, 0);
}
