import type { Clock, Instant, Milliseconds, Timer } from './clock.ts';

interface Pending {
  readonly due: Instant;
  readonly sequence: number;
  readonly run: () => void;
}

/** A clock that moves only when told to, for tests and the simulation. Timers fire in order of their due time. */
export class VirtualClock implements Clock {
  #now: Instant;
  #sequence = 0;
  readonly #pending = new Set<Pending>();

  constructor(start: Instant) {
    this.#now = start;
  }

  now(): Instant {
    return this.#now;
  }

  monotonic(): Milliseconds {
    return this.#now;
  }

  after(delay: Milliseconds, callback: () => void): Timer {
    const entry: Pending = { due: this.#now + Math.max(0, delay), sequence: this.#sequence++, run: callback };
    this.#pending.add(entry);
    return { cancel: () => void this.#pending.delete(entry) };
  }

  every(period: Milliseconds, callback: () => void): Timer {
    let timer = this.after(period, tick);
    const clock = this;
    function tick() {
      timer = clock.after(period, tick);
      callback();
    }
    return { cancel: () => timer.cancel() };
  }

  sleep(delay: Milliseconds, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const timer = this.after(delay, done);
      signal?.addEventListener('abort', done, { once: true });
      function done() {
        timer.cancel();
        signal?.removeEventListener('abort', done);
        resolve();
      }
    });
  }

  /** The due instant of the earliest pending timer, or undefined when nothing is pending. */
  nextDue(): Instant | undefined {
    return this.#earliest()?.due;
  }

  /**
   * Moves to the earliest timer that is due by `limit` and fires it. False: there is none, nothing moved. What waits
   * for it has not run when this returns.
   */
  fireNext(limit: Instant): boolean {
    const next = this.#earliest();
    if (!next || next.due > limit) return false;
    this.#pending.delete(next);
    this.#now = Math.max(this.#now, next.due);
    next.run();
    return true;
  }

  /** Moves to `target`, firing what falls due on the way; between two timers, waiting promises get to run. */
  async advanceTo(target: Instant): Promise<void> {
    do {
      await settle();
    } while (this.fireNext(target));
    this.#now = Math.max(this.#now, target);
    await settle();
  }

  /** Moves forward by `length`; see {@link advanceTo}. */
  advance(length: Milliseconds): Promise<void> {
    return this.advanceTo(this.#now + length);
  }

  /** Sets the time without firing anything: a wall clock that was corrected, forwards or backwards. */
  jumpTo(instant: Instant): void {
    this.#now = instant;
  }

  #earliest(): Pending | undefined {
    let best: Pending | undefined;
    for (const entry of this.#pending) {
      if (!best || entry.due < best.due || (entry.due === best.due && entry.sequence < best.sequence)) best = entry;
    }
    return best;
  }
}

/** Lets everything that is already resolved run, I/O callbacks included. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
