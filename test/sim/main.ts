/**
 * `npm run sim -- --seed N`, `--seeds A..B`: runs of the simulation on a throw-away PostgreSQL. Ends with 1 when one of
 * them breaks a promise; that one is cut down to what matters (unless `--no-shrink`) and told.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '@overdue/clock';
import { connect, type DatabaseTarget, migrate } from '@overdue/database';
import { embeddedTarget, initialise, startEmbedded } from '@overdue/database/embedded';
import { freePorts } from '../support/ports.ts';
import { openAdmin, prepareDatabase } from './database.ts';
import { planOf } from './plan.ts';
import { shrink } from './shrink.ts';
import { simulate } from './simulate.ts';
import { tell } from './tell.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '1..100' },
    verbose: { type: 'boolean', default: false },
    'no-shrink': { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
  },
});
const [from, to] = values.seed
  ? [Number(values.seed), Number(values.seed)]
  : (values.seeds.split('..').map(Number) as [number, number]);

async function withServer(use: (target: DatabaseTarget) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'overdue-sim-'));
  const directory = join(folder, 'postgres');
  const [port] = (await freePorts(1)) as [number];
  initialise({ directory });
  const settings = { shared_buffers: '64MB', autovacuum: 'off' };
  const server = await startEmbedded({ directory, port, clock: systemClock, durable: false, settings });
  // Stopped from outside: the server goes, too.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void server.stop().finally(() => process.exit(130)));
  }
  try {
    const admin = connect({ target: embeddedTarget(port, 'postgres'), applicationName: 'simulation', max: 1 });
    await admin.sql.unsafe('create database overdue_sim');
    await admin.close();
    const target = embeddedTarget(port, 'overdue_sim');
    const database = connect({ target, applicationName: 'simulation', max: 1 });
    await migrate(database);
    await database.close();
    await prepareDatabase(target);
    await use(target);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

await withServer(async (target) => {
  const admin = openAdmin(target);
  const began = performance.now();
  const total: Record<string, number> = {};
  const failed: number[] = [];
  let runs = 0;
  for (let seed = from; seed <= to; seed++) {
    const result = await simulate(planOf(seed), target, admin.sql);
    runs++;
    for (const [name, value] of Object.entries(result.statistics)) total[name] = (total[name] ?? 0) + value;
    if (result.problems.length > 0) {
      failed.push(seed);
      if (values['keep-going']) {
        console.log(values.verbose ? tell(result, true) : `seed ${seed}: ${result.problems.join('\n    ')}`);
        continue;
      }
      const least = values['no-shrink'] ? result : await shrink(result, (plan) => simulate(plan, target, admin.sql));
      console.log(tell(least, values.verbose));
      break;
    }
    if (values.seed) console.log(tell(result, values.verbose));
    else if (runs % 10 === 0) console.error(`${runs} runs, ${Math.round(performance.now() - began)} ms`);
  }
  const seconds = (performance.now() - began) / 1000;
  const counts = Object.entries(total).map(([name, value]) => `${value} ${name}`);
  console.log(`${runs} runs, ${failed.length} failed, in ${seconds.toFixed(1)} s: ${counts.join(', ')}`);
  if (failed.length > 0) {
    console.log(`Failed: ${failed.join(' ')}. Replay one: npm run sim -- --seed ${failed[0]}`);
    process.exitCode = 1;
  }
  await admin.close();
});
