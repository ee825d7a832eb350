import type { Instant, Milliseconds } from '@overdue/clock';

/** An ingester's row in `instances`, as one look at the database showed it. */
export interface IngesterRow {
  readonly id: string;
  readonly seenAt: Instant;
  readonly watermark: Instant | null;
  /** It said last that it holds pings that are answered and not in the database. */
  readonly spooling: boolean;
}

/** One that does not move any more. */
export interface DeadIngester extends IngesterRow {
  /** It may hold pings that it had answered: by its own words, or because it fell silent while the database was away. */
  readonly mayHold: boolean;
}

export interface Verdict {
  /** Ingesters whose watermarks count. */
  readonly live: readonly IngesterRow[];
  /** Of those, who has been standing still for so long that it is waited for only because of what it may hold. */
  readonly silent: readonly IngesterRow[];
  /** Those that have not stopped in order and do not move any more. */
  readonly dead: readonly DeadIngester[];
}

/** How long a row must stand still, with the database reachable, before its ingester counts as dead. */
export const DEAD_AFTER: Milliseconds = 10_000;
/**
 * The same for one that was spooling, by its own words or because it fell silent while the database was away: to go on
 * without the pings that it holds would mean false alerts, so its next life has time for a reboot or an upgrade. In the end
 * its disk may be lost, and alerts cannot wait for ever.
 */
export const DEAD_AFTER_SPOOLING: Milliseconds = 600_000;
/** Looks further apart than this say little about the time between them: the database may have been away for most of it. */
export const LONGEST_PAUSE: Milliseconds = 3000;
/** So such a pause counts as a look this long after the one before: a beat of a living ingester. */
const LONG_PAUSE_COUNTS: Milliseconds = 1000;

/** How long a row has been standing still, as far as it counts. */
interface Standstill {
  readonly seenAt: Instant;
  /** Since the last interruption. */
  counted: Milliseconds;
  inAll: Milliseconds;
  /** Whether it did so through an interruption. */
  throughOutage: boolean;
}

/** From one look to the next. */
interface Passed {
  /** How much of the time between them counts. */
  readonly counts: Milliseconds;
  /** Whether the database was away in it. */
  readonly outage: boolean;
}

/**
 * Tells live ingesters from dead ones. That a row is old proves nothing: while the database is away nobody can move
 * one. So a row counts as dead only when *we* have looked at it again and again for {@link DEAD_AFTER} and it did not
 * move ({@link DEAD_AFTER_SPOOLING} when it may have been spooling); when looks are far apart, it takes ten of them. Time
 * is this process's monotonic clock: clocks of hosts and of the database need not agree.
 */
export class IngesterWatch {
  /** Of each row. */
  readonly #standstills = new Map<string, Standstill>();
  /** The newest look before an interruption that goes on; undefined: none does. */
  #lastBefore: Milliseconds | undefined;
  #lastLook: Milliseconds | undefined;
  #longPauses = 0;
  #dead: readonly DeadIngester[] = [];

  /**
   * @param rows ingesters that have not stopped in order
   * @param at monotonic reading of the look
   * @param took how long the database let us wait for it: one that hangs is away for everybody
   */
  look(rows: readonly IngesterRow[], at: Milliseconds, took: Milliseconds = 0): Verdict {
    const passed = this.#passed(at, took);
    const known = new Set(rows.map((row) => row.id));
    for (const id of this.#standstills.keys()) if (!known.has(id)) this.#standstills.delete(id);
    const [live, silent, dead]: [IngesterRow[], IngesterRow[], DeadIngester[]] = [[], [], []];
    for (const row of rows) {
      const { counted, inAll, throughOutage } = this.#standstill(row, passed);
      const mayHold = row.spooling || throughOutage;
      const isSilent = counted >= DEAD_AFTER;
      if (isSilent && (!mayHold || inAll >= DEAD_AFTER_SPOOLING)) {
        dead.push({ ...row, mayHold });
        continue;
      }
      if (isSilent) silent.push(row);
      live.push(row);
    }
    this.#dead = dead;
    return { live, silent, dead };
  }

  /** @param took as of {@link look} */
  #passed(at: Milliseconds, took: Milliseconds): Passed {
    const pause = this.#lastLook === undefined ? 0 : at - this.#lastLook;
    this.#lastLook = at;
    const failed = this.#lastBefore !== undefined && at - this.#lastBefore > LONGEST_PAUSE;
    this.#lastBefore = undefined;
    const long = pause > LONGEST_PAUSE;
    this.#longPauses = long ? this.#longPauses + 1 : 0;
    return { counts: long ? LONG_PAUSE_COUNTS : pause, outage: failed || took > LONGEST_PAUSE };
  }

  /** The row's standstill, up to now; one that has moved begins another. */
  #standstill(row: IngesterRow, { counts, outage }: Passed): Standstill {
    const before = this.#standstills.get(row.id);
    if (before?.seenAt === row.seenAt) {
      before.counted += counts;
      before.inAll += counts;
      before.throughOutage ||= outage;
      return before;
    }
    const begun = { seenAt: row.seenAt, counted: 0, inAll: 0, throughOutage: false };
    this.#standstills.set(row.id, begun);
    return begun;
  }

  /** Whether the newest look found this very row dead. */
  isDead(row: IngesterRow): boolean {
    return this.#dead.some(({ id, seenAt }) => id === row.id && seenAt === row.seenAt);
  }

  /** Looks have been too far apart for a while: a dead ingester is noticed late. */
  get slow(): boolean {
    return this.#longPauses >= 3;
  }

  /** A look failed: what stood still may have been unable to move. */
  interrupted(): void {
    for (const standstill of this.#standstills.values()) standstill.counted = 0;
    this.#lastBefore ??= this.#lastLook;
    this.#lastLook = undefined;
    this.#longPauses = 0;
    this.#dead = [];
  }
}
