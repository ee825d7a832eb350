import type { Clock } from '@overdue/clock';
import { LRUCache } from 'lru-cache';

/** PING_RATE_LIMIT: a bucket for each check that was pinged of late, holding a minute's worth. */
export class RateLimit {
  readonly #perMinute: number;
  readonly #clock: Clock;
  readonly #buckets = new LRUCache<number, { tokens: number; at: number }>({ max: 100_000 });

  constructor(clock: Clock, perMinute: number) {
    this.#clock = clock;
    this.#perMinute = perMinute;
  }

  allows(checkId: number): boolean {
    const now = this.#clock.monotonic();
    let bucket = this.#buckets.get(checkId);
    if (!bucket) {
      bucket = { tokens: this.#perMinute, at: now };
      this.#buckets.set(checkId, bucket);
    }
    bucket.tokens = Math.min(this.#perMinute, bucket.tokens + ((now - bucket.at) / 60_000) * this.#perMinute);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }
}
