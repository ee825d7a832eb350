import type { Instant, Milliseconds, VirtualClock } from '@overdue/clock';
import type { Random } from './random.ts';
import { MIN_GAP } from './sendalerts.ts';

/** Within this time a process that stands still is found dead by those who look often, in milliseconds. */
const FOUND_DEAD = 15_000;

/** How hurried things are; most of what a run costs are looks at a world in which nothing happens. */
export class Pace {
  readonly #clock: VirtualClock;
  /** An ingester is found dead only by those who look often. */
  #hurriedUntil: Instant = Number.NEGATIVE_INFINITY;
  /** From then on nothing happens but what time brings. */
  idleFrom: Instant = Number.POSITIVE_INFINITY;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  /** An ingester is away for that long. */
  hurry(away: Milliseconds): void {
    this.#hurriedUntil = Math.max(this.#hurriedUntil, this.#clock.now() + Math.min(away, FOUND_DEAD) + FOUND_DEAD);
  }

  get now(): 'hurried' | 'calm' | 'idle' {
    const now = this.#clock.now();
    if (now < this.#hurriedUntil) return 'hurried';
    return this.idleFrom <= now ? 'idle' : 'calm';
  }

  /** How much longer than asked for an ingester's sleep takes. */
  ingesterSlack(random: Random): Milliseconds {
    if (this.now === 'hurried') return random.int(0, 4000);
    return this.now === 'calm' ? random.int(2000, 6000) : random.int(6000, 12_000);
  }

  /** The same for one of `sendalerts`. @param judgedUntil up to where it has judged; null: not yet */
  sendalertsSlack(random: Random, judgedUntil: Instant | null): Milliseconds {
    if (this.now === 'idle') return random.int(8000, 20_000);
    // Not while it lags behind: that an ingester has died is only seen by looking often.
    const lags = judgedUntil === null || this.#clock.now() - judgedUntil > 12_000;
    return lags || this.now === 'hurried' ? 0 : random.int(2000, 8000);
  }

  /**
   * Milliseconds from a beat of an ingester to the next that is written, when it says nothing new. What a process vouches
   * for and has not written dies with it; that must not be as long as a gap.
   */
  spacing(): Milliseconds {
    return { hurried: 0, calm: MIN_GAP / 2, idle: 12_000 }[this.now];
  }

  /** Milliseconds between two looks of an ingester for others. */
  lookEvery(): Milliseconds {
    return { hurried: 1900, calm: 9000, idle: 20_000 }[this.now];
  }

  /** Milliseconds between two looks into the outbox. */
  poll(): Milliseconds {
    return this.now === 'idle' ? 15_000 : 7000;
  }
}
