import type { Sql } from '@overdue/database';
import { listInstances } from '@overdue/pings/vouching';
import { doubtful, type Finding } from './finding.ts';

/** Ingesters that have not stopped in order and give no sign of life: pings that they hold, alerts wait for. */
export async function examineIngesters(sql: Sql): Promise<Finding[]> {
  const silent = (await listInstances(sql)).filter(
    ({ service, alive, dismissedBy }) => service === 'ingester' && !alive && dismissedBy === null,
  );
  return silent.map(({ id, host, seenAt, spooledPings }) =>
    doubtful(
      'ingesters',
      `${id} on ${host} has been silent since ${new Date(seenAt).toISOString()}; it said last that it holds ` +
        `${spooledPings ?? 0} pings, and alerts may wait for it`,
      `Start it again on its SPOOL_DIR; if its disk is lost: overdue instances dismiss ${id}`,
    ),
  );
}
