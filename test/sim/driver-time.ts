import type { Timer, VirtualClock } from '@overdue/clock';

/**
 * While `use` runs, the global setTimeout is the virtual clock's: the database driver waits with it before it connects
 * again and when it closes, and takes no clock. What the simulation itself needs of real time comes from node:timers.
 */
export async function withDriverTime<T>(clock: VirtualClock, use: () => Promise<T>): Promise<T> {
  const { setTimeout, clearTimeout } = globalThis;
  const virtual = (
    callback: (...args: unknown[]) => void,
    delay = 0,
    ...args: unknown[]
  ): Timer & { unref(): void } => ({
    // In steps of 10 ms: the driver computes some waits from the machine's clock, and a run must replay.
    ...clock.after(Math.ceil(Math.max(0, delay) / 10) * 10, () => callback(...args)),
    unref: () => undefined,
  });
  globalThis.setTimeout = virtual as unknown as typeof setTimeout;
  globalThis.clearTimeout = ((timer?: Timer) => timer?.cancel?.()) as unknown as typeof clearTimeout;
  try {
    return await use();
  } finally {
    globalThis.setTimeout = setTimeout;
    globalThis.clearTimeout = clearTimeout;
  }
}
