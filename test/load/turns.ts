import { type LoadOptions, type LoadResult, latencyOf, load } from './http-client.ts';

/** Turns of the one and of the other, and how long each takes. */
const TURNS = 5;
const TURN_MS = 2000;

/** A load's result beside that of its limit. */
export interface Compared {
  readonly result: LoadResult;
  readonly limit: LoadResult;
  /** Of their rates, the median of the turns. */
  readonly ratio: number;
  /** Requests answered 200 in all, those before the first turn too. */
  readonly acknowledged: number;
}

/** In turns: a machine that others share is at one time twice as fast as a minute later. */
export async function inTurns(
  ours: Omit<LoadOptions, 'durationMs'>,
  limit: Omit<LoadOptions, 'durationMs'>,
): Promise<Compared> {
  const before = await load({ ...ours, durationMs: TURN_MS });
  await load({ ...limit, durationMs: 1000 });
  const turns: { result: LoadResult; limit: LoadResult }[] = [];
  while (turns.length < TURNS) {
    turns.push({
      result: await load({ ...ours, durationMs: TURN_MS }),
      limit: await load({ ...limit, durationMs: TURN_MS }),
    });
  }
  const result = together(turns.map((one) => one.result));
  return {
    result,
    limit: together(turns.map((one) => one.limit)),
    ratio: median(turns.map((one) => one.result.rate / one.limit.rate)),
    acknowledged: (before.statuses[200] ?? 0) + (result.statuses[200] ?? 0),
  };
}

/** Several loads as one. */
function together(results: readonly LoadResult[]): LoadResult {
  const sum = (of: (result: LoadResult) => number) => results.reduce((total, result) => total + of(result), 0);
  const statuses: Record<number, number> = {};
  for (const result of results) {
    for (const [status, n] of Object.entries(result.statuses)) statuses[+status] = (statuses[+status] ?? 0) + n;
  }
  const latencies = new Float64Array(sum((one) => one.answered));
  let filled = 0;
  for (const one of results) {
    latencies.set(one.latencies, filled);
    filled += one.latencies.length;
  }
  latencies.sort();
  return {
    sent: sum((one) => one.sent),
    answered: sum((one) => one.answered),
    errors: sum((one) => one.errors),
    statuses,
    seconds: sum((one) => one.seconds),
    rate: sum((one) => one.answered) / sum((one) => one.seconds),
    latency: latencyOf(latencies),
    latencies,
  };
}

/** @param numbers at least one */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
