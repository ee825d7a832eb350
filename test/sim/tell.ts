import type { SimulationResult } from './simulate.ts';

/** Column of a trace line at which it says what happened. */
const WHAT_FROM = 22;

/** A run for people: its set-up, what happened in it, and what is wrong. @param verbose every statement, too */
export function tell({ plan, trace, problems, statistics }: SimulationResult, verbose: boolean): string {
  const lines = [
    `seed ${plan.seed}: ${plan.ingesters} ingester(s), ${plan.sendalerts} sendalerts, throttle ${plan.throttle} s${plan.redis ? ', Redis' : ''}`,
    ...plan.channels.map(({ up }, i) => `  channel ${i}: ${up ? 'down and up' : 'down only'}`),
    ...plan.checks.map(
      ({ kind, timeout, grace, channels }, i) =>
        `  check ${i + 1}: ${kind === 'cron' ? 'every minute' : `period ${timeout} s`}, grace ${grace} s, channels ${channels}`,
    ),
    ...trace.filter((line) => verbose || !line.startsWith('  ', WHAT_FROM)),
    `${statistics.units} statements, ${statistics.pings} pings, ${statistics.alerts} alerts, ${statistics.faults} network faults`,
    ...problems.map((problem) => `WRONG: ${problem}`),
  ];
  return lines.join('\n');
}
