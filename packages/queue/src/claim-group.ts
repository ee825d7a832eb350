import type { Claim } from './types.ts';

/**
 * Claims single rows in groups: the ids that are asked for while the previous statement is under way go in the next
 * one.
 */
export class ClaimGroup {
  readonly #claim: (ids: readonly number[]) => Promise<Claim[]>;
  readonly #deal: (claims: readonly Claim[], onDealt: (id: number) => void) => Promise<void>;
  #asked = new Map<number, { resolve: () => void; reject: (error: unknown) => void }[]>();
  #running = false;

  /** @param deal sends what was claimed and says of each when it has been dealt with */
  constructor(
    claim: (ids: readonly number[]) => Promise<Claim[]>,
    deal: (claims: readonly Claim[], onDealt: (id: number) => void) => Promise<void>,
  ) {
    this.#claim = claim;
    this.#deal = deal;
  }

  /** Resolves when the row has been dealt with, or is not to be claimed. @throws when the database is away */
  deliver(id: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#asked.set(id, [...(this.#asked.get(id) ?? []), { resolve, reject }]);
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    await Promise.resolve();
    while (this.#asked.size > 0) {
      const asked = this.#asked;
      this.#asked = new Map();
      const done = (id: number) => {
        for (const { resolve } of asked.get(id) ?? []) resolve();
        asked.delete(id);
      };
      try {
        const claims = await this.#claim([...asked.keys()]);
        const claimed = new Set(claims.map((claim) => claim.id));
        for (const id of [...asked.keys()]) if (!claimed.has(id)) done(id);
        void this.#deal(claims, done);
      } catch (error) {
        for (const waiting of asked.values()) for (const { reject } of waiting) reject(error);
      }
    }
    this.#running = false;
  }
}
