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
