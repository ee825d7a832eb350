import type { Clock, Milliseconds } from '@overdue/clock';

/** The database said nothing for too long. What it was asked to do may still happen. */
export class SilentDatabaseError extends Error {
  override readonly name = 'SilentDatabaseError';
  /** Makes it a connection error to whoever asks (`isConnectionError`). */
  readonly code = 'ETIMEDOUT';
}

/**
 * What `promise` comes to, if that is within `limit`. A connection to a host that is gone without a word never fails, it
 * only stays silent: `onSilence` may throw it away.
 * @throws {SilentDatabaseError}
 */
export function within<T>(
  clock: Clock,
  limit: Milliseconds,
  promise: PromiseLike<T>,
  onSilence: () => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(limit, () => {
      reject(new SilentDatabaseError(`The database said nothing for ${limit / 1000} s`));
      onSilence();
    });
    promise.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error: unknown) => {
        timer.cancel();
        reject(error);
      },
    );
  });
}
