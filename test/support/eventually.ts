/** Waiting for what other processes do. */
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Calls `look` until it returns something other than undefined, null or false, and returns that.
 * @throws after `seconds`, saying what was waited for, and the last error of `look`
 */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  { seconds = 120, every = 100 }: { seconds?: number; every?: number } = {},
): Promise<Exclude<T, undefined | null | false>> {
  const deadline = performance.now() + seconds * 1000;
  let last: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined && found !== null && found !== false) {
        return found as Exclude<T, undefined | null | false>;
      }
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      const why = last instanceof Error ? ` (${last.message})` : '';
      throw new Error(`Not within ${seconds} s: ${what}${why}`, { cause: last });
    }
    await sleep(every);
  }
}
