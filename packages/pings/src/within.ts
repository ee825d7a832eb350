import type { Clock, Milliseconds, Timer } from '@overdue/clock';

/** The database took too long. What it was doing may still happen. */
export class TimedOutError extends Error {
  override readonly name = 'TimedOutError';
}

/** A limit of time that can be brought forward while it runs. */
export class Deadline {
  readonly #clock: Clock;
  #at: Milliseconds;
  /** Sets the timer of what waits now. */
  #arm: () => void = () => {};

  constructor(clock: Clock, milliseconds: Milliseconds) {
    this.#clock = clock;
    this.#at = clock.monotonic() + milliseconds;
  }

  /** At most so many milliseconds from now. */
  bringForward(milliseconds: Milliseconds): void {
    const at = this.#clock.monotonic() + milliseconds;
    if (at >= this.#at) return;
    this.#at = at;
    this.#arm();
  }

  /** {@link within}, until the deadline. One at a time. */
  wait<T>(promise: Promise<T>): Promise<T> {
    const clock = this.#clock;
    const began = clock.monotonic();
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined;
      const expire = () =>
        reject(new TimedOutError(`The database did not answer within ${Math.round(clock.monotonic() - began)} ms`));
      this.#arm = () => {
        timer?.cancel();
        timer = clock.after(Math.max(this.#at - clock.monotonic(), 0), expire);
      };
      this.#arm();
      const end = () => {
        timer?.cancel();
        this.#arm = () => {};
      };
      promise.then(
        (value) => {
          end();
          resolve(value);
        },
        (error) => {
          end();
          reject(error);
        },
      );
    });
  }
}

/** Rejects with {@link TimedOutError} after `milliseconds`; what `promise` comes to later is dropped. */
export function within<T>(clock: Clock, milliseconds: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(milliseconds, () =>
      reject(new TimedOutError(`The database did not answer within ${milliseconds} ms`)),
    );
    promise.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error) => {
        timer.cancel();
        reject(error);
      },
    );
  });
}
