import type { Milliseconds } from '@overdue/clock';
import type { Claim } from './types.ts';

interface Held {
  readonly claim: Claim;
  /** Monotonic. Before it nobody else can have taken the row. */
  endsAt: Milliseconds;
}

/**
 * The claims that this process is dealing with, and how long each is its own for certain: counted from before the
 * statement that took or renewed it, by the monotonic clock. A process that was frozen or cut off finds them ended when
 * it goes on, and sends none of them: somebody else may have, and later messages of the check too.
 */
export class Leases {
  readonly #held = new Map<number, Held>();

  /**
   * Takes a claim that the outbox has given.
   * @returns false when the same attempt is being dealt with here already (its lease had ended, and nobody else took
   * it): that one goes on with the new lease
   */
  take(claim: Claim): boolean {
    const before = this.#held.get(claim.id);
    if (before && before.claim.attempts === claim.attempts) {
      before.endsAt = claim.leaseEnds;
      return false;
    }
    this.#held.set(claim.id, { claim, endsAt: claim.leaseEnds });
    return true;
  }

  /** True while nobody else can have taken this very claim. */
  lasts(claim: Claim, now: Milliseconds): boolean {
    return this.isCurrent(claim) && this.#held.get(claim.id)!.endsAt > now;
  }

  /** False when it was let go, or another attempt at the same message has taken its place. */
  isCurrent(claim: Claim): boolean {
    return this.#held.get(claim.id)?.claim === claim;
  }

  /** What to ask the outbox to renew; {@link renewed} takes it with the answer. */
  asked(): readonly Readonly<Held>[] {
    return [...this.#held.values()].map((held) => ({ ...held }));
  }

  /** After a renewal: those that are `renewed` last until then; the others are somebody else's. */
  renewed(
    asked: readonly Readonly<Held>[],
    renewal: { readonly ids: ReadonlySet<number>; readonly until: Milliseconds },
  ): void {
    for (const { claim, endsAt } of asked) {
      const held = this.#held.get(claim.id);
      if (held?.claim !== claim) continue;
      if (renewal.ids.has(claim.id)) held.endsAt = Math.max(held.endsAt, renewal.until);
      // Unless it was claimed anew while the answer was on its way.
      else if (held.endsAt === endsAt) held.endsAt = Number.NEGATIVE_INFINITY;
    }
  }

  /** It has been dealt with. */
  letGo(claim: Claim): void {
    if (this.isCurrent(claim)) this.#held.delete(claim.id);
  }

  ids(): number[] {
    return [...this.#held.keys()];
  }

  get size(): number {
    return this.#held.size;
  }
}
