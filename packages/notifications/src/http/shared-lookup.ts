import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import type { Clock, Milliseconds } from '@overdue/clock';

/** All addresses of a name, as `dns.lookup` with `all` gives them. */
export type LookupAll = (
  hostname: string,
  options: { family?: number; hints?: number },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

type Answer = [error: NodeJS.ErrnoException | null, addresses: LookupAddress[]];

/** How long an answer is used again. Short: long enough for a burst of messages, too short to be noticed. */
const KEPT: Milliseconds = 3000;
const MOST_NAMES = 1000;

/**
 * Name resolution in which many connections to one name wait for one answer. The system's resolver occupies one of the
 * process's few threads until it answers, so without this one name that cannot be resolved would hold up all others.
 */
export function sharedLookup(clock: Pick<Clock, 'monotonic'>, lookup: LookupAll = lookupAll): LookupAll {
  const answers = new Map<string, { until: Milliseconds; waiting: ((...answer: Answer) => void)[]; answer?: Answer }>();
  return (hostname, options, callback) => {
    const key = `${hostname} ${options.family ?? 0} ${options.hints ?? 0}`;
    const known = answers.get(key);
    if (known?.answer && clock.monotonic() < known.until) {
      const { answer } = known;
      return process.nextTick(() => callback(...answer));
    }
    if (known && !known.answer) {
      known.waiting.push(callback);
      return;
    }
    const entry = { until: 0, waiting: [callback] } as NonNullable<typeof known>;
    answers.delete(key);
    if (answers.size >= MOST_NAMES) answers.delete(answers.keys().next().value!);
    answers.set(key, entry);
    lookup(hostname, options, (...answer) => {
      entry.answer = answer;
      entry.until = clock.monotonic() + KEPT;
      for (const waiting of entry.waiting.splice(0)) waiting(...answer);
    });
  };
}

const lookupAll: LookupAll = (hostname, options, callback) =>
  systemLookup(hostname, { ...options, all: true }, (error, addresses) => callback(error, addresses ?? []));
