import type { Instant, Milliseconds } from '@overdue/clock';

/** An ingester's row in `instances`, as one look at the database showed it. */
export interface IngesterRow {
  readonly id: string;
  readonly seenAt: Instant;
  readonly watermark: Instant | null;
}

export interface Verdict {
  /** Ingesters whose watermarks count. */
  readonly live: readonly IngesterRow[];
  /** Those that have not stopped in order and do not move any more. */
  readonly dead: readonly IngesterRow[];
}

/** How long a row must stand still, with the database reachable, before its ingester counts as dead. */
export const DEAD_AFTER: Milliseconds = 10_000;
/** Looks further apart than this say nothing about the time between them: the database may have been away. */
const LONGEST_PAUSE: Milliseconds = 3000;

/**
 * Tells live ingesters from dead ones. That a row is old proves nothing: while the database is away nobody can move
 * one. So a row counts as dead only when *we* have looked at it again and again for {@link DEAD_AFTER} and it did not
 * move. Time is this process's monotonic clock: clocks of hosts and of the database need not agree.
 */
export class IngesterWatch {
  readonly #still = new Map<string, { seenAt: Instant; since: Milliseconds }>();
  #lastLook: Milliseconds | undefined;

  /**
   * @param rows ingesters that have not stopped in order
   * @param at monotonic reading of the look
   */
  look(rows: readonly IngesterRow[], at: Milliseconds): Verdict {
    if (this.#lastLook === undefined || at - this.#lastLook > LONGEST_PAUSE) this.#still.clear();
    this.#lastLook = at;
    const known = new Set(rows.map((row) => row.id));
    for (const id of this.#still.keys()) if (!known.has(id)) this.#still.delete(id);
    const live = rows.filter((row) => {
      const before = this.#still.get(row.id);
      if (before && before.seenAt === row.seenAt) return at - before.since < DEAD_AFTER;
      this.#still.set(row.id, { seenAt: row.seenAt, since: at });
      return true;
    });
    return { live, dead: rows.filter((row) => !live.includes(row)) };
  }

  /** A look failed: what stood still may have been unable to move. */
  interrupted(): void {
    this.#still.clear();
    this.#lastLook = undefined;
  }
}
