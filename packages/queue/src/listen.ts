import type { QueueOptions } from './options.ts';

/** Calls `wake` at every NOTIFY of something owed, and after each (re)connection. Returns how to stop. */
export function listen(
  options: Pick<QueueOptions, 'database' | 'logger' | 'clock'>,
  wake: () => void,
): () => Promise<void> {
  const stop = new AbortController();
  let current: { unlisten(): Promise<void> } | undefined;
  const started = (async () => {
    while (!stop.signal.aborted) {
      const { sql } = options.database;
      try {
        current = await sql.listen('notifications_owed', wake, wake);
        // The driver listens again after each loss of its connection, but not when its pool was thrown away.
        while (!stop.signal.aborted && options.database.sql === sql) await options.clock.sleep(5000, stop.signal);
      } catch (err) {
        options.logger.debug({ err }, 'LISTEN failed; trying again');
        await options.clock.sleep(1000, stop.signal);
      }
    }
  })();
  return async () => {
    stop.abort();
    await Promise.race([started, options.clock.sleep(500)]);
    await current?.unlisten().catch(() => undefined);
  };
}
