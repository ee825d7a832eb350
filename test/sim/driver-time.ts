import type { Timer, VirtualClock } from '@overdue/clock';

/**
 * While `use` runs, the global setTimeout is the virtual clock's: the database driver waits with it before it connects
 * again and when it closes, and takes no clock. What the simulation itself needs of real time comes from node:timers.
 * And performance.now() stands still: the driver takes off its waits what has passed on the machine, so that a run on a
 * busy one would be another.
 */
export async function withDriverTime<T>(clock: VirtualClock, use: () => Promise<T>): Promise<T> {
  const { setTimeout, clearTimeout } = globalThis;
  const virtual = (
    callback: (...args: unknown[]) => void,
    delay = 0,
    ...args: unknown[]
  ): Timer & { unref(): void } => ({
    ...clock.after(Math.ceil(Math.max(0, delay) / 10) * 10, () => callback(...args)),
    unref: () => undefined,
  });
  globalThis.setTimeout = virtual as unknown as typeof setTimeout;
  globalThis.clearTimeout = ((timer?: Timer) => timer?.cancel?.()) as unknown as typeof clearTimeout;
  // Not 0, which the driver takes for never.
  performance.now = () => 1;
  try {
    return await use();
  } finally {
    Reflect.deleteProperty(performance, 'now');
    globalThis.setTimeout = setTimeout;
    globalThis.clearTimeout = clearTimeout;
  }
}
