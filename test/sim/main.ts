/**
 * `npm run sim -- --seed N`, `--seeds A..B`: runs of the simulation on a throw-away PostgreSQL. Ends with 1 when one of
 * them breaks a promise; that one is cut down to what matters (unless `--no-shrink`) and told. `--seconds N`: no run begins
 * after that, and what is missing is told.
 */
import { parseArgs } from 'node:util';
import { openLaboratory } from './laboratory.ts';
import { planOf } from './plan.ts';
import { withServer } from './server.ts';
import { shrink } from './shrink.ts';
import { simulate } from './simulate.ts';
import { tell } from './tell.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '1..100' },
    seconds: { type: 'string', default: 'Infinity' },
    verbose: { type: 'boolean', default: false },
    'no-shrink': { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
  },
});
const [from, to] = values.seed
  ? [Number(values.seed), Number(values.seed)]
  : (values.seeds.split('..').map(Number) as [number, number]);

await withServer(async (target) => {
  const laboratory = await openLaboratory(target);
  const began = performance.now();
  const total: Record<string, number> = {};
  const failed: number[] = [];
  let runs = 0;
  const elapsed = () => (performance.now() - began) / 1000;
  for (let seed = from; seed <= to && elapsed() < Number(values.seconds); seed++) {
    const result = await simulate(planOf(seed), laboratory);
    runs++;
    for (const [name, value] of Object.entries(result.statistics)) total[name] = (total[name] ?? 0) + value;
    if (result.problems.length > 0) {
      failed.push(seed);
      if (values['keep-going']) {
        console.log(values.verbose ? tell(result, true) : `seed ${seed}: ${result.problems.join('\n    ')}`);
        continue;
      }
      const least = values['no-shrink'] ? result : await shrink(result, (plan) => simulate(plan, laboratory));
      console.log(tell(least, values.verbose));
      break;
    }
    if (values.seed) console.log(tell(result, values.verbose));
    else if (runs % 100 === 0) console.error(`${runs} runs, ${elapsed().toFixed(0)} s`);
  }
  const counts = Object.entries(total).map(([name, value]) => `${value} ${name}`);
  console.log(
    `${runs} runs from seed ${from}, ${failed.length} failed, in ${elapsed().toFixed(1)} s: ${counts.join(', ')}`,
  );
  const missing = failed.length > 0 ? 0 : to - from + 1 - runs;
  if (missing > 0) console.log(`The time was up: seeds ${to - missing + 1} to ${to} were left out`);
  if (failed.length > 0) {
    console.log(`Failed: ${failed.join(' ')}. Replay one: npm run sim -- --seed ${failed[0]}`);
    process.exitCode = 1;
  }
  await laboratory.close();
});
