import type { Clock } from '@overdue/clock';

/** The database took too long. What it was doing may still happen. */
export class TimedOutError extends Error {
  override readonly name = 'TimedOutError';
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
