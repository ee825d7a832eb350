import { type DisplayStatus, displayStatus, isStarted } from '@overdue/checks';
import type { Clock, Timer } from '@overdue/clock';
import type { Database } from '@overdue/database';
import type { CheckRow } from '@overdue/operations';
import type { Log } from '../deps.ts';
import { groupBy } from '../group-by.ts';

/** What a page that stays open is told about one check. */
export interface LiveCheck {
  readonly check: CheckRow;
  readonly status: DisplayStatus;
  readonly started: boolean;
  /** Changes whenever something that a page shows of the check may have changed. */
  readonly version: string;
}

type Listener = (changed: readonly LiveCheck[], all: readonly LiveCheck[]) => void;

interface Watched {
  readonly listeners: Set<Listener>;
  /** Last known, by check code; null until the first look. */
  last: Map<string, LiveCheck> | null;
}

const PERIOD_MS = 1000;
/** Looking takes at most this share of the time, however many checks are watched. */
const LONGEST_SHARE = 0.05;

/**
 * Live status for open pages: one query a second for all projects that anybody looks at, none when nobody does. The
 * status is computed here, so a check that becomes late shows as late though nothing was written.
 */
export class LiveHub {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #logger: Log;
  readonly #projects = new Map<number, Watched>();
  #timer: Timer | null = null;
  #closed = false;
  #failing = false;

  constructor(database: Database, clock: Clock, logger: Log) {
    this.#database = database;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Calls `listener` with what has changed, first with everything; until the answer is called. */
  watch(projectId: number, listener: Listener): () => void {
    let watched = this.#projects.get(projectId);
    if (!watched) {
      watched = { listeners: new Set(), last: null };
      this.#projects.set(projectId, watched);
    }
    watched.listeners.add(listener);
    if (watched.last) {
      const all = [...watched.last.values()];
      listener(all, all);
    }
    this.#schedule(0);
    return () => {
      watched.listeners.delete(listener);
      // Called a second time, the entry may already be that of somebody who came later.
      if (watched.listeners.size === 0 && this.#projects.get(projectId) === watched) this.#projects.delete(projectId);
    };
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#projects.clear();
  }

  #schedule(delay: number): void {
    if (this.#timer || this.#closed || this.#projects.size === 0) return;
    this.#timer = this.#clock.after(delay, () => {
      void this.#look();
    });
  }

  async #look(): Promise<void> {
    const began = this.#clock.monotonic();
    try {
      await this.#lookOnce();
      this.#failing = false;
    } catch (err) {
      if (!this.#failing) this.#logger.warn({ err }, 'Live status: the database does not answer');
      this.#failing = true;
    }
    this.#timer = null;
    this.#schedule(Math.max(PERIOD_MS, (this.#clock.monotonic() - began) / LONGEST_SHARE));
  }

  async #lookOnce(): Promise<void> {
    const ids = [...this.#projects.keys()];
    if (ids.length === 0) return;
    const rows = await this.#database.sql<(CheckRow & { events: string })[]>`
      select c.*, coalesce((select max(n.id) || '-' || count(*) filter (where n.state = 'owed') || '-' || sum(n.attempts)
                            from notifications n where n.check_id = c.id and n.created_at > now() - interval '1 hour'), '')
                  as events
      from checks c where c.project_id = any (${ids}::bigint[]) order by c.id`;
    const now = this.#clock.now();
    const byProject = groupBy(rows, (row) => row.project_id);
    for (const id of ids) this.#tell(id, byProject.get(id) ?? [], now);
  }

  #tell(projectId: number, rows: readonly (CheckRow & { events: string })[], now: number): void {
    const watched = this.#projects.get(projectId);
    if (!watched) return;
    const before = watched.last;
    const after = new Map(rows.map((row) => [row.code, live(row, now)]));
    watched.last = after;
    const changed = [...after.values()].filter((item) => before?.get(item.check.code)?.version !== item.version);
    const gone = before !== null && [...before.keys()].some((code) => !after.has(code));
    if (before !== null && changed.length === 0 && !gone) return;
    const all = [...after.values()];
    for (const listener of watched.listeners) listener(changed, all);
  }
}

function live(check: CheckRow & { events: string }, now: number): LiveCheck {
  const status = displayStatus(check, now);
  const version = [
    status,
    check.status,
    check.n_pings,
    check.last_ping,
    check.last_start,
    check.last_duration_ms,
    check.alert_after,
    check.events,
  ].join(' ');
  return { check, status, started: isStarted(check), version };
}
