import { Counter, Gauge, type Registry } from '@overdue/observability';
import type { Judged } from './judge.ts';

export type Metrics = ReturnType<typeof createMetrics>;

/** What /metrics shows of this service beside the usual. */
export function createMetrics(registry: Registry) {
  const registers = [registry];
  return {
    judged: new Counter({
      name: 'overdue_sendalerts_checks_judged_total',
      help: 'Checks looked at because their time had come, by what was found.',
      labelNames: ['verdict'],
      registers,
    }),
    owed: new Counter({
      name: 'overdue_sendalerts_notifications_owed_total',
      help: 'Messages that late checks made us owe.',
      registers,
    }),
    attempts: new Counter({
      name: 'overdue_sendalerts_attempts_total',
      help: 'Attempts to deliver, by kind of integration and result (sent, retry, failed, dropped).',
      labelNames: ['kind', 'result'],
      registers,
    }),
    lag: new Gauge({
      name: 'overdue_sendalerts_judged_lag_seconds',
      help: 'How far behind the present lateness is judged; NaN: it is not.',
      registers,
    }),
    silent: new Gauge({
      name: 'overdue_sendalerts_silent_ingesters',
      help: 'Ingesters that give no sign of life and are waited for, because of the pings that they may hold.',
      registers,
    }),
    gaps: new Counter({
      name: 'overdue_sendalerts_gaps_total',
      help: 'Stretches whose pings were not received, or may be lost, that were found, or whose end was found.',
      registers,
    }),
  };
}

/** Counts what came of a look for late checks. */
export function countJudged({ judged, owed }: Metrics, result: Judged): void {
  const { looked, down, held, poison } = result;
  judged.inc({ verdict: 'down' }, down);
  judged.inc({ verdict: 'held' }, held);
  judged.inc({ verdict: 'set_aside' }, poison.length);
  judged.inc({ verdict: 'later' }, looked - down - held - poison.length);
  owed.inc(result.owed);
}
