import type { Clock, Milliseconds } from '@overdue/clock';
import { LRUCache } from 'lru-cache';

/** How long what is not there is remembered as such, by default. */
const SHORT_MS = 2000;

/** What was found out about addresses that lead nowhere: for seconds, and at most so many of them, oldest out first. */
export class ShortMemory<V extends {}> {
  readonly #entries: LRUCache<string, V>;

  constructor(clock: Clock, max: number, forMs: Milliseconds = SHORT_MS) {
    this.#entries = new LRUCache({
      max,
      ttl: forMs,
      ttlResolution: 0,
      perf: { now: () => clock.monotonic() },
    });
  }

  get(key: string): V | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: V): void {
    this.#entries.set(flatCopy(key), value);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    if (this.#entries.size > 0) this.#entries.clear();
  }
}

/** A slice of a URL keeps the whole URL in memory; a copy does not. For ASCII. */
export function flatCopy(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
