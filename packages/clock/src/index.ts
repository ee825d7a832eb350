/**
 * Time enters the product here and nowhere else.
 *
 * Everything below a service's main takes a {@link Clock}; pure functions take an {@link Instant}. That lets a test or
 * the simulation run a year in a second, and is enforced by the linter (no `Date.now()`, `new Date()` or timers
 * elsewhere).
 */

/** A point in time: whole milliseconds since 1970-01-01T00:00:00Z. Never a local time. */
export type Instant = number;

/** A length of time in milliseconds. */
export type Milliseconds = number;

/** A pending timer; `cancel` is idempotent. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** The current instant. */
  now(): Instant;
  /** A monotonic reading in milliseconds (fractions allowed), for measuring lengths of time only. */
  monotonic(): Milliseconds;
  /** Calls `callback` once, not before `delay` has passed. The timer keeps the process alive. */
  after(delay: Milliseconds, callback: () => void): Timer;
  /** Calls `callback` every `period`. */
  every(period: Milliseconds, callback: () => void): Timer;
  /**
   * Resolves after `delay`, or at once when `signal` is aborted (it never rejects: loops check `signal.aborted`).
   */
  sleep(delay: Milliseconds, signal?: AbortSignal): Promise<void>;
}

export { systemClock } from './system.ts';
export { VirtualClock } from './virtual.ts';
