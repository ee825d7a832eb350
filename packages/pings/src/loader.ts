const PER_QUERY = 1000;

interface Waiting<T> {
  /** `fresh` is false when the answer may be older than a change, and must not be kept. */
  done(found: readonly T[], fresh: boolean): void;
  failed(error: unknown): void;
}

interface Loading<T> {
  readonly key: string;
  /** Who asks for this key; most keys are asked for once. */
  readonly waiting: Waiting<T>[];
  fresh: boolean;
}

/**
 * Batches the look-ups of a tick, at most {@link PER_QUERY} in a query, and lets equal ones share an answer. With
 * callbacks, because a flood of unknown addresses comes through here.
 */
export class Loader<T> {
  readonly #query: (keys: readonly string[]) => Promise<T[]>;
  readonly #keyOf: (found: T) => string;
  readonly #loading = new Map<string, Loading<T>>();
  #next: Loading<T>[] = [];

  /** @param query finds what there is for the keys; what there is not is missing from its result */
  constructor(query: (keys: readonly string[]) => Promise<T[]>, keyOf: (found: T) => string) {
    this.#query = query;
    this.#keyOf = keyOf;
  }

  /** Calls one of the two, later. What there is for the key, or the query's error. */
  load(key: string, done: Waiting<T>['done'], failed: Waiting<T>['failed']): void {
    const waiting = { done, failed };
    const already = this.#loading.get(key);
    if (already?.fresh) {
      already.waiting.push(waiting);
      return;
    }
    const loading = { key, waiting: [waiting], fresh: true };
    this.#loading.set(key, loading);
    if (this.#next.length === 0) setImmediate(() => this.#ask());
    this.#next.push(loading);
  }

  /** Something changed: an answer that is under way must not be kept. */
  spoil(key: string): void {
    const loading = this.#loading.get(key);
    if (loading) loading.fresh = false;
  }

  spoilAll(): void {
    for (const loading of this.#loading.values()) loading.fresh = false;
  }

  #ask(): void {
    const all = this.#next;
    this.#next = [];
    for (let i = 0; i < all.length; i += PER_QUERY) void this.#askSome(all.slice(i, i + PER_QUERY));
  }

  async #askSome(some: readonly Loading<T>[]): Promise<void> {
    const byKey = new Map<string, T[]>();
    let problem: { error: unknown } | null = null;
    try {
      for (const found of await this.#query([...new Set(some.map((one) => one.key))])) {
        const key = this.#keyOf(found);
        const list = byKey.get(key);
        if (list) list.push(found);
        else byKey.set(key, [found]);
      }
    } catch (error) {
      problem = { error };
    }
    for (const one of some) {
      if (this.#loading.get(one.key) === one) this.#loading.delete(one.key);
      const found = byKey.get(one.key) ?? [];
      for (const waiting of one.waiting) {
        if (problem) waiting.failed(problem.error);
        else waiting.done(found, one.fresh);
      }
    }
  }
}
