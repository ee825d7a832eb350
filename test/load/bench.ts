/**
 * `npm run bench [-- NAME…] [--json FILE]`: the figures that docs and issues quote. Each benchmark runs real processes on
 * this machine, the load generator included, and stands beside its limit measured in the same run. With `--against DIR`
 * (another built checkout) and `--rounds N` (default 5), the services of both are measured in turns.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { alertBenchmarks } from './alerts.ts';
import { apiBenchmarks } from './api.ts';
import { BenchContext, type Benchmark, type Figure } from './harness.ts';
import { pingBenchmarks } from './pings.ts';
import { pingLimitBenchmarks } from './pings-limits.ts';
import { scheduleBenchmarks } from './schedules.ts';
import { simulationBenchmarks } from './sim.ts';
import { median } from './turns.ts';

const BENCHMARKS: readonly Benchmark[] = [
  ...scheduleBenchmarks,
  ...pingBenchmarks,
  ...pingLimitBenchmarks,
  ...alertBenchmarks,
  ...apiBenchmarks,
  ...simulationBenchmarks,
];

const USAGE = `npm run bench [-- NAME…] [--json FILE] [--against DIR [--rounds N]]
npm run bench -- --list

  NAME…          only these; --list prints the names
  --json FILE    also write the figures there
  --against DIR  measure the services of another built checkout in turns with these
  --rounds N     so often each (default 5)`;

const { values, positionals } = parsed();
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
if (values.list) {
  for (const benchmark of BENCHMARKS) console.log(benchmark.name);
  process.exit(0);
}
const unknown = positionals.filter((name) => !BENCHMARKS.some((b) => b.name === name));
if (unknown.length > 0)
  refuse(`No benchmark ${unknown.join(', ')}. There are: ${BENCHMARKS.map((b) => b.name).join(', ')}`);
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) refuse(`--rounds: ${values.rounds} is not a number of rounds.`);
const against = values.against === undefined ? null : resolve(values.against);
if (against !== null && !existsSync(join(against, 'services/web/dist/main.js'))) {
  refuse(`--against: there is no built checkout in ${against}; run \`npm run build\` there.`);
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
  try {
    if (against !== null) await compare(benchmark, against);
    else for (const figure of await measure(benchmark)) console.log(line(figure));
  } catch (error) {
    process.exitCode = 1;
    console.error(`${benchmark.name}: ${(error as Error).stack}`);
  }
}
if (values.json)
  writeFileSync(
    values.json,
    `${JSON.stringify({ node: process.versions.node, cpus: cpus().length, figures }, null, 2)}\n`,
  );

/** @param root the checkout whose services are measured; this one by default */
async function measure(benchmark: Benchmark, root?: string): Promise<readonly Figure[]> {
  const context = new BenchContext(root);
  current = context;
  try {
    const result = await benchmark.run(context);
    if (root === undefined) figures.push(...result.map((figure) => ({ benchmark: benchmark.name, ...figure })));
    return result;
  } finally {
    await context.close();
  }
}

/** The services of this checkout and of another in turns, each round with fresh ones; prints the medians side by side. */
async function compare(benchmark: Benchmark, other: string): Promise<void> {
  const here: (readonly Figure[])[] = [];
  const there: (readonly Figure[])[] = [];
  for (let round = 0; round < rounds; round++) {
    // Whoever is first finds the machine as the other left it: by turns.
    for (const isHere of round % 2 === 0 ? [true, false] : [false, true]) {
      if (isHere) here.push(await measure(benchmark));
      else there.push(await measure(benchmark, other));
    }
  }
  for (const [i, { name, unit }] of here[0]!.entries()) {
    const [ours, theirs] = [here, there].map((results) => results.map((result) => result[i]!.value));
    const [a, b] = [median(ours!), median(theirs!)];
    const each = (of: number[]) => of.map(format).join(' ');
    console.log(
      `${name.padEnd(34)} ${format(a).padStart(10)} ${unit}  · against ${format(b)}  · ratio ${(a / b).toFixed(2)}` +
        `  · ${each(ours!)} against ${each(theirs!)}`,
    );
  }
}

function parsed() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'string' },
        list: { type: 'boolean' },
        against: { type: 'string' },
        rounds: { type: 'string', default: '5' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    return refuse(`${(error as Error).message}\n\n${USAGE}`);
  }
}

function refuse(why: string): never {
  console.error(why);
  process.exit(2);
}

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
