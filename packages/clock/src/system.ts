import type { Clock } from './clock.ts';

/** The machine's clock. Only a service's main and the test helpers use it; everything else is handed a {@link Clock}. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delay, callback) {
    const timer = setTimeout(callback, delay);
    return { cancel: () => clearTimeout(timer) };
  },
  every(period, callback) {
    const timer = setInterval(callback, period);
    return { cancel: () => clearInterval(timer) };
  },
  sleep(delay, signal) {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, delay);
      signal?.addEventListener('abort', done, { once: true });
    });
  },
};
