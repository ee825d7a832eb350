import { openLaboratory } from '../sim/laboratory.ts';
import { planOf } from '../sim/plan.ts';
import { withServer } from '../sim/server.ts';
import { simulate } from '../sim/simulate.ts';
import type { Benchmark } from './harness.ts';

/** Those after the seeds that `npm test` runs. */
const FIRST = 1001;
const RUNS = 2000;

/** Not a matter of speed alone: a run that breaks a promise fails it, and says which seed to replay. */
export const simulationBenchmarks: readonly Benchmark[] = [
  {
    name: 'sim',
    async run() {
      const failed: number[] = [];
      let alerts = 0;
      const began = performance.now();
      await withServer(async (target) => {
        const laboratory = await openLaboratory(target);
        try {
          for (let seed = FIRST; seed < FIRST + RUNS; seed++) {
            const { problems, statistics } = await simulate(planOf(seed), laboratory);
            alerts += statistics.alerts;
            if (problems.length > 0) failed.push(seed);
          }
        } finally {
          await laboratory.close();
        }
      });
      if (failed.length > 0)
        throw new Error(`Seeds that break a promise: ${failed.join(', ')} (npm run sim -- --seed N)`);
      const rate = RUNS / ((performance.now() - began) / 1000);
      return [{ name: 'random worlds with faults', value: rate, unit: '/s', note: `${RUNS} runs, ${alerts} alerts` }];
    },
  },
];
