import { hostname, userInfo } from 'node:os';
import { type Instant, systemClock } from '@overdue/clock';
import { StartError } from '@overdue/observability';
import { dismissIngester, listInstances, type NotDismissed } from '@overdue/pings/vouching';
import { readConfig } from '../support/config.ts';
import { withDatabase } from '../support/database.ts';

/** `overdue instances list`: one JSON object a line. */
export async function showInstances(): Promise<void> {
  const rows = await withDatabase(readConfig(process.env), systemClock, ({ sql }) => listInstances(sql));
  for (const row of rows) {
    const { id, service, host, pid, dismissedBy } = row;
    const ingester = {
      vouches_until: iso(row.vouchesUntil),
      spooling_since: iso(row.spoolingSince),
      spooled_pings: row.spooledPings,
    };
    print({
      ...{ id, service, host, pid, started_at: iso(row.startedAt), seen_at: iso(row.seenAt), alive: row.alive },
      ...(service === 'ingester' ? ingester : {}),
      ...(dismissedBy === null ? {} : { dismissed_at: iso(row.dismissedAt), dismissed_by: dismissedBy }),
    });
  }
}

/**
 * `overdue instances dismiss ID`: an ingester will not come back; alerts go on without it.
 * @param options.until when it received its last ping at the latest, as an instant with its zone
 */
export async function dismissInstance(
  id: string,
  options: { until?: string; nothingLost?: boolean; by?: string },
): Promise<void> {
  if (!UUID.test(id)) throw new StartError(`"${id}" is no id of an instance; overdue instances list shows them.`);
  const dismissal = {
    ...{ id, by: options.by ?? whoAmI(), nothingLost: options.nothingLost === true },
    lostUntil: options.until === undefined ? null : readInstant(options.until),
  };
  const done = await withDatabase(readConfig(process.env), systemClock, ({ sql }) => dismissIngester(sql, dismissal));
  if (typeof done === 'string') throw new StartError(WHY_NOT[done]);
  const { host, dismissedAt, dismissedBy, lost } = done;
  print({
    ...{ id, host, dismissed_at: iso(dismissedAt), dismissed_by: dismissedBy },
    gap: lost && { from: iso(lost.from), until: iso(lost.until) },
  });
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const WHY_NOT: Readonly<Record<NotDismissed, string>> = {
  unknown: 'There is no instance with that id; overdue instances list shows them.',
  'not an ingester': 'That is no ingester: nobody waits for the others.',
  alive: 'It gave a sign of life within the last seconds. Stop it first.',
  'not waited for': 'Nobody waits for it: it has stopped in order, was found dead, or was dismissed already.',
  'vouches for more':
    '--until: all that it had received by then is stored (see its vouches_until). If it received nothing after that, say ' +
    '--nothing-lost.',
};

/** @throws StartError */
function readInstant(text: string): Instant {
  const at = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*(Z|[+-]\d\d:?\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) throw new StartError(`--until: "${text}" is no instant like 2026-11-21T09:30:00Z.`);
  if (at > systemClock.now()) throw new StartError(`--until: ${text} is yet to come.`);
  return at;
}

/** For the record: the account on this machine. */
function whoAmI(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // A container's user without a name.
    return `${process.getuid?.() ?? 'unknown'}@${hostname()}`;
  }
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function iso(instant: number | null): string | null {
  return instant === null ? null : new Date(instant).toISOString();
}
