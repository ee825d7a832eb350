import type { Instant, Milliseconds } from '@overdue/clock';

interface Stretch {
  readonly from: Instant;
  until: Instant | null;
}

/** Within this time after the database is back an ingester has written what it could not, in milliseconds. */
const RECONNECTED: Milliseconds = 3000;
/** DEAD_AFTER of packages/pings. */
const WAITED_FOR: Milliseconds = 10_000;

/**
 * What really went on in the simulated world, as the product cannot know it: who was running when, and in which
 * stretches something was wrong.
 */
export class Truth {
  readonly #receiving = new Map<string, Stretch[]>();
  readonly #trouble: Stretch[] = [];
  /** See {@link doubt}. */
  readonly doubts: { readonly from: Instant; readonly until: Instant }[] = [];
  /** When the database was away last; null: never yet. */
  #away: Stretch | null = null;

  receives(ingester: string, at: Instant): void {
    const stretches = this.#receiving.get(ingester) ?? [];
    this.#receiving.set(ingester, stretches);
    // Two freezes may end at once.
    if (stretches.at(-1)?.until === null) return;
    stretches.push({ from: at, until: null });
  }

  receivesNoMore(ingester: string, at: Instant): void {
    const last = this.#receiving.get(ingester)?.at(-1);
    if (last && last.until === null) last.until = at;
  }

  /** Whether an ingester began to receive again between the two. */
  begins(from: Instant, until: Instant): boolean {
    return [...this.#receiving.values()].some((stretches) =>
      stretches.slice(1).some((one) => one.from >= from && one.from <= until),
    );
  }

  /** Something happened for which an ingester rightly does not vouch that it was receiving between the two. */
  doubt(from: Instant, until: Instant): void {
    this.doubts.push({ from, until });
  }

  databaseAway(at: Instant): void {
    if (this.#away?.until !== null) this.#away = { from: at, until: null };
  }

  databaseBack(at: Instant): void {
    if (this.#away) this.#away.until ??= at;
  }

  /** Since when no ingester could write that it was receiving; null: it can, and has had the time. */
  unwrittenSince(now: Instant): Instant | null {
    if (!this.#away) return null;
    return now - (this.#away.until ?? now) < RECONNECTED ? this.#away.from : null;
  }

  /** Whether the database has been there for longer than an ingester is waited for that has fallen silent. */
  isNotWaitedFor(now: Instant): boolean {
    return now - (this.#away?.until ?? now) > WAITED_FOR;
  }

  /** Something was wrong from `from` to `until`: lateness need not be seen at once. */
  trouble(from: Instant, until: Instant): void {
    this.#trouble.push({ from, until });
  }

  /** Whether there are `length` milliseconds without trouble between the two. */
  hasCalm(from: Instant, until: Instant, length: Milliseconds): boolean {
    let reached = from;
    for (const { from: begins, until: ends } of this.#trouble.toSorted((a, b) => a.from - b.from)) {
      if (Math.min(begins, until) - reached >= length) return true;
      reached = Math.max(reached, ends ?? until);
    }
    return until - reached >= length;
  }

  /** Stretches between `from` and `until` in which no ingester was receiving. */
  deaf(from: Instant, until: Instant): { from: Instant; until: Instant }[] {
    const all = [...this.#receiving.values()].flat().toSorted((a, b) => a.from - b.from);
    const found: { from: Instant; until: Instant }[] = [];
    let reached = from;
    for (const stretch of all) {
      if (stretch.from > reached) found.push({ from: reached, until: stretch.from });
      reached = Math.max(reached, stretch.until ?? until);
    }
    if (reached < until) found.push({ from: reached, until });
    return found;
  }
}
