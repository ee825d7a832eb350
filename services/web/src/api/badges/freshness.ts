import type { Clock, Milliseconds } from '@overdue/clock';
import { LRUCache } from 'lru-cache';

/** The oldest that an answer may be. */
const MAX_AGE_MS = 1000;

/** Of each second, this much may go into reading anew what is still young enough. */
const FRESH_MS_PER_SECOND = 100;

const MAX_ENTRIES = 20_000;

/** Keys that are read with one statement at most. */
const MAX_BATCH = 500;

interface Entry<V> {
  readonly value: V | null;
  /** When its reading began, on the monotonic clock. */
  readonly at: Milliseconds;
}

interface Batch<V> {
  readonly keys: Set<string>;
  readonly result: Promise<ReadonlyMap<string, V>>;
}

/**
 * Reads values by key, several keys with one statement, and keeps them for a second. While reading is cheap, which is
 * almost always, every answer is read anew, so a badge changes with its check; when badges are asked for by the thousand
 * they come from what was read within the last second. Keys that do not exist are remembered alike.
 */
export class FreshReader<V> {
  readonly #clock: Clock;
  readonly #read: (keys: readonly string[]) => Promise<ReadonlyMap<string, V>>;
  readonly #entries = new LRUCache<string, Entry<V>>({ max: MAX_ENTRIES });
  /** Milliseconds of reading that may still be spent on young values, up to a second's worth. */
  #budget = FRESH_MS_PER_SECOND;
  #budgetAt: Milliseconds;
  #running: Promise<unknown> | null = null;
  #next: Batch<V> | null = null;

  constructor(clock: Clock, read: (keys: readonly string[]) => Promise<ReadonlyMap<string, V>>) {
    this.#clock = clock;
    this.#read = read;
    this.#budgetAt = clock.monotonic();
  }

  /** The value, or null when there is none. Rejects when it has to be read and cannot be. */
  async get(key: string): Promise<V | null> {
    const entry = this.#entries.get(key);
    const now = this.#clock.monotonic();
    if (entry && now - entry.at < MAX_AGE_MS && this.#budgetLeft(now) <= 0) return entry.value;
    return (await this.#enqueue(key)).get(key) ?? null;
  }

  /** Joins the reading that begins when the running one has ended: it sees everything committed until now. */
  #enqueue(key: string): Promise<ReadonlyMap<string, V>> {
    if (this.#next && this.#next.keys.size < MAX_BATCH) {
      this.#next.keys.add(key);
      return this.#next.result;
    }
    const keys = new Set([key]);
    const before = this.#next?.result ?? this.#running ?? Promise.resolve();
    const result = before
      .catch(() => {})
      .then(() => {
        if (this.#next === batch) this.#next = null;
        return this.#load(keys);
      });
    const batch: Batch<V> = { keys, result };
    this.#next = batch;
    return result;
  }

  async #load(keys: ReadonlySet<string>): Promise<ReadonlyMap<string, V>> {
    const at = this.#clock.monotonic();
    const reading = this.#read([...keys]);
    this.#running = reading;
    try {
      const values = await reading;
      for (const key of keys) this.#entries.set(key, { value: values.get(key) ?? null, at });
      return values;
    } finally {
      this.#budget = Math.max(-FRESH_MS_PER_SECOND, this.#budget - (this.#clock.monotonic() - at));
    }
  }

  #budgetLeft(now: Milliseconds): number {
    const refill = ((now - this.#budgetAt) / 1000) * FRESH_MS_PER_SECOND;
    this.#budget = Math.min(FRESH_MS_PER_SECOND, this.#budget + refill);
    this.#budgetAt = now;
    return this.#budget;
  }
}
