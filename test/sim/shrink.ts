import type { Plan } from './plan.ts';
import type { SimulationResult } from './simulate.ts';

/** Leaves out of a failing plan whatever it fails without: events and faults, first in halves, then one by one. */
export async function shrink(
  failing: SimulationResult,
  run: (plan: Plan) => Promise<SimulationResult>,
  most = 150,
): Promise<SimulationResult> {
  let best = failing;
  let left = most;
  const items = () => [
    ...best.plan.events.map((event) => ({ event })),
    ...best.plan.wireFaults.map((fault) => ({ fault })),
  ];
  for (let size = Math.ceil(items().length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = 0; start < items().length && left > 0; ) {
      const kept = items().filter((_, i) => i < start || i >= start + size);
      const plan: Plan = {
        ...best.plan,
        events: kept.flatMap((item) => ('event' in item ? [item.event] : [])),
        wireFaults: kept.flatMap((item) => ('fault' in item ? [item.fault] : [])),
      };
      left--;
      const result = await run(plan);
      if (result.problems.length > 0) best = result;
      else start += size;
    }
  }
  return best;
}
