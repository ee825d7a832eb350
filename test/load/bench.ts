/**
 * `npm run bench [-- NAME…] [-- --json FILE]`: the figures that docs and issues quote. Each benchmark runs real
 * processes on this machine, the load generator included, and stands beside its limit measured in the same run.
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { alertBenchmarks } from './alerts.ts';
import { apiBenchmarks } from './api.ts';
import { BenchContext, type Benchmark, type Figure } from './harness.ts';
import { pingBenchmarks } from './pings.ts';
import { pingLimitBenchmarks } from './pings-limits.ts';
import { scheduleBenchmarks } from './schedules.ts';
import { simulationBenchmarks } from './sim.ts';

const BENCHMARKS: readonly Benchmark[] = [
  ...scheduleBenchmarks,
  ...pingBenchmarks,
  ...pingLimitBenchmarks,
  ...alertBenchmarks,
  ...apiBenchmarks,
  ...simulationBenchmarks,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'string' }, list: { type: 'boolean' } },
});
if (values.list) {
  for (const benchmark of BENCHMARKS) console.log(benchmark.name);
  process.exit(0);
}
const unknown = positionals.filter((name) => !BENCHMARKS.some((b) => b.name === name));
if (unknown.length > 0) {
  console.error(`No benchmark ${unknown.join(', ')}. There are: ${BENCHMARKS.map((b) => b.name).join(', ')}`);
  process.exit(2);
}

const figures: (Figure & { benchmark: string })[] = [];
const chosen = BENCHMARKS.filter((b) => positionals.length === 0 || positionals.includes(b.name));
console.log(`${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}`);
let current: BenchContext | undefined;
// Broken off: the servers go, too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void Promise.resolve(current?.close()).finally(() => process.exit(130)));
}
for (const benchmark of chosen) {
  const context = new BenchContext();
  current = context;
  try {
    for (const figure of await benchmark.run(context)) {
      figures.push({ benchmark: benchmark.name, ...figure });
      console.log(line(figure));
    }
  } catch (error) {
    process.exitCode = 1;
    console.error(`${benchmark.name}: ${(error as Error).stack}`);
  } finally {
    await context.close();
  }
}
if (values.json)
  writeFileSync(
    values.json,
    `${JSON.stringify({ node: process.versions.node, cpus: cpus().length, figures }, null, 2)}\n`,
  );

function line(figure: Figure): string {
  const parts = [`${figure.name.padEnd(34)} ${format(figure.value).padStart(10)} ${figure.unit}`];
  if (figure.limit) parts.push(`${figure.limit.name} ${format(figure.limit.value)}`);
  if (figure.ratio !== undefined) parts.push(`ratio ${figure.ratio.toFixed(2)}`);
  if (figure.bar) parts.push(`bar ${figure.bar}${figure.ok === undefined ? '' : figure.ok ? ' ✓' : ' ✗'}`);
  if (figure.note) parts.push(figure.note);
  return parts.join('  · ');
}

function format(value: number): string {
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2);
}
