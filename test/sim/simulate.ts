import type { Sql } from '@overdue/database';
import { withDriverTime } from './driver-time.ts';
import type { Laboratory } from './laboratory.ts';
import { withOpenFiles } from './open-files.ts';
import type { Plan } from './plan.ts';
import { type Statistics, verdict } from './verdict.ts';
import { World } from './world.ts';

export interface SimulationResult {
  readonly plan: Plan;
  readonly problems: readonly string[];
  readonly statistics: Statistics & { readonly units: number; readonly faults: number };
  /** What happened, line by line; statements of the database are indented. */
  readonly trace: readonly string[];
}

/**
 * Runs a plan and judges it.
 * @param spoil changes what the run left before it is judged: to see that the judge sees
 */
export async function simulate(
  plan: Plan,
  laboratory: Laboratory,
  spoil: (world: World, sql: Sql) => unknown = () => undefined,
): Promise<SimulationResult> {
  const admin = laboratory.admin.sql;
  await laboratory.clear();
  const world = new World({ plan, laboratory });
  const problems: string[] = [];
  let statistics: Statistics = { pings: 0, timeouts: 0, alerts: 0, gaps: 0, exact: 0, unseen: 0, acts: 0 };
  const onUnforeseen = (error: unknown) => {
    problems.push(`an error that nobody caught: ${error instanceof Error ? error.stack : String(error)}`);
  };
  process.on('unhandledRejection', onUnforeseen);
  process.on('uncaughtException', onUnforeseen);
  try {
    await withOpenFiles(world.disks.files, () => withDriverTime(world.clock, () => world.run()));
    await spoil(world, admin);
    const judged = await verdict(world, admin);
    problems.push(...judged.problems, ...world.logged);
    statistics = judged.statistics;
  } catch (error) {
    problems.push(`the run broke: ${error instanceof Error ? error.stack : String(error)}`);
  } finally {
    await world.close();
    process.off('unhandledRejection', onUnforeseen);
    process.off('uncaughtException', onUnforeseen);
  }
  const { units, struck: faults } = world.network;
  return { plan, problems, statistics: { ...statistics, units, faults }, trace: world.trace };
}
