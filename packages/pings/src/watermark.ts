import type { Covered } from '@overdue/checks';
import type { Clock, Instant, Milliseconds } from '@overdue/clock';
import type { Sql } from '@overdue/database';
import { recordLost } from './vouching/give-up.ts';

/*
 * What this ingester vouches for, once a second. `sendalerts` may rely on the following, all by this host's clock:
 *
 *   instances.watermark = T    Every ping that this process accepted (answered 200) before T is committed. Pings that
 *                              are coalesced by the throttle are left out while they are younger than
 *                              COALESCED_GRACE_MS: the check's state already has a success less than that much older,
 *                              and no deadline is nearer than the least grace time (a minute).
 *   coverage [from, until]     In all of this stretch the process was listening and refused no ping for lack of room,
 *                              and everything it accepted in it is committed (until <= T).
 *
 * While the database is away neither can be written; the first beat after the replay moves both up, in one
 * transaction, and the stretch is whole because pings were received (into the spool) all the time. What cannot be written
 * is kept beside the spool, for the next process should this one be killed. A stretch ends, and
 * the next beat begins another, when
 *   - the process did not run for a while (stopped, suspended, blocked): SILENCE_MS between two beats;
 *   - a ping was refused with 503 (spool full, disk full, too much in hand);
 *   - it stops listening.
 * What lies between two stretches of one process, or before the first, is not vouched for. Should pings be lost that were
 * answered (the disk does not give them any more), a gap is recorded in which they came, before it is vouched for.
 */
const SILENCE_MS = 2500;
/** See above. Less than the least grace time, 60 seconds, by a wide margin. */
export const COALESCED_GRACE_MS = 30_000;

interface Stretch {
  /** The coverage row, once there is one. */
  id: number | null;
  readonly from: Instant;
  /** Null: it goes on. */
  until: Instant | null;
}

/** As it is written: up to where it is vouched for. */
interface Said {
  readonly stretch: Stretch;
  readonly until: Instant;
}

export interface WatermarkOptions {
  readonly clock: Clock;
  readonly instanceId: string;
  /** Runs the statements of one beat; rejects when the database is away. */
  readonly run: <T>(use: (sql: Sql) => Promise<T>) => Promise<T>;
  /** When the oldest ping was received that is accepted (or in hand) and not committed; null: there is none. */
  readonly oldest: () => Instant | null;
  /** Stretches of an earlier process that it could not write; all that it accepted in them is in the spool, or committed. */
  readonly before?: readonly Covered[];
  /** When the oldest ping was received that is not answered yet; null: there is none. */
  readonly unanswered?: () => Instant | null;
  /** Puts what cannot be written where the next process finds it; empty: nothing is left to be written. */
  readonly keep?: (stretches: readonly Covered[]) => void;
  /** The simulation: milliseconds from a write to the next, when that says nothing new. Default 0. */
  readonly spacing?: () => Milliseconds;
}

/** Says in the database what this ingester vouches for, and from when to when it was receiving: see above. */
export class Watermark {
  readonly #options: WatermarkOptions;
  #stretches: Stretch[] = [];
  /** When it was last seen that the process runs. */
  #lastSign: Instant | null = null;
  #refusedAt: Instant | null = null;
  #listening = false;
  /** When all that there was to say was written, by the monotonic clock. */
  #writtenAt = Number.NEGATIVE_INFINITY;
  #writing: Promise<void> | null = null;
  /** Whether something is kept for the next process. */
  #kept: boolean;
  /** What was said last: all that was accepted before it is committed. */
  #mark: Instant | null = null;
  /** In which answered pings were received that are lost, as far as that is not written yet. */
  #lost: Covered | null = null;

  constructor(options: WatermarkOptions) {
    this.#options = options;
    const before = options.before ?? [];
    this.#stretches = before.map(({ from, until }) => ({ id: null, from, until }));
    this.#kept = before.length > 0;
  }

  /** From now on pings are taken. */
  listening(): void {
    this.#listening = true;
    this.#lastSign = this.#options.clock.now();
    this.#stretches.push({ id: null, from: this.#lastSign, until: null });
  }

  /** No new pings from now on. */
  stopped(): void {
    this.#listening = false;
    this.#end(this.#options.clock.now());
  }

  /** Whether some of what can be said about when pings were received is not in the database; while listening always. */
  get owesWords(): boolean {
    return this.#stretches.length > 0;
  }

  /** A ping was answered 503. */
  refused(): void {
    const now = this.#options.clock.now();
    this.#refusedAt = now;
    this.#end(now);
  }

  /** Pings that were answered are lost. They may have been received at any time since all was known to be committed. */
  lost(): void {
    const now = this.#options.clock.now();
    const since = Math.max(this.#mark ?? 0, Math.min(now, ...this.#stretches.map(({ from }) => from)));
    this.#lost = { from: this.#lost?.from ?? since, until: now };
    this.#writtenAt = Number.NEGATIVE_INFINITY;
    if (this.#kept) this.#keep();
  }

  /** Call once a second. Resolves when it is written; never rejects. */
  beat(): Promise<void> {
    this.#sign();
    const { clock, spacing } = this.#options;
    if (spacing && clock.monotonic() - this.#writtenAt < spacing()) return Promise.resolve();
    this.#writing ??= this.#write().finally(() => {
      this.#writing = null;
    });
    return this.#writing;
  }

  /** In which stretches pings were received until now, committed or not, as far as they need not be written yet. */
  covered(): Covered[] {
    this.#sign();
    const now = this.#options.clock.now();
    return this.#vouchedFor(now);
  }

  /** The process runs: ends the stretch if it did not for a while, and begins one if there is none and there can be. */
  #sign(): void {
    const now = this.#options.clock.now();
    const last = this.#lastSign ?? now;
    // Also a clock that was set back: what it said before cannot be compared with what it says now.
    if (now - last > SILENCE_MS || now < last) this.#end(Math.min(last, now));
    this.#lastSign = now;
    const open = this.#stretches.at(-1)?.until === null;
    const refusing = this.#refusedAt !== null && now - this.#refusedAt < 1000;
    if (this.#listening && !open && !refusing) this.#stretches.push({ id: null, from: now, until: null });
  }

  /** The stretches up to `end`, without the time in which pings were lost. */
  #vouchedFor(end: Instant): Covered[] {
    const lost = this.#lost ?? { from: end, until: end };
    return this.#stretches
      .map(({ from, until }) => ({ from, until: Math.min(until ?? end, end) }))
      .flatMap(({ from, until }) => [
        { from, until: Math.min(until, lost.from) },
        { from: Math.max(from, lost.until), until },
      ])
      .filter(({ from, until }) => until > from);
  }

  #end(at: Instant): void {
    this.#writtenAt = Number.NEGATIVE_INFINITY;
    const current = this.#stretches.at(-1);
    if (current?.until === null) current.until = Math.max(current.from, at);
  }

  async #write(): Promise<void> {
    const { instanceId, oldest, clock, run } = this.#options;
    const now = clock.now();
    const mark = Math.min(oldest() ?? now, now);
    const lost = this.#lost;
    const written = this.#stretches
      .map((stretch) => ({ stretch, until: Math.min(stretch.until ?? now, mark) }))
      .filter(({ stretch, until }) => until >= stretch.from);
    try {
      // A beat whose commit was not acknowledged is written again: at worst a stretch has two rows.
      const ids = await run((sql) => writeBeat(sql, instanceId, mark, written, lost));
      written.forEach(({ stretch }, i) => {
        stretch.id = ids[i]!;
      });
      this.#mark = mark;
      if (this.#lost === lost) this.#lost = null;
      if (mark === now && this.#lost === null) this.#writtenAt = clock.monotonic();
    } catch {
      this.#keep();
      return;
    }
    this.#stretches = this.#stretches.filter((s) => s.until === null || s.id === null || s.until > mark);
    if (now - mark > SILENCE_MS) this.#keep();
    else if (this.#kept && this.#stretches.every(({ until }) => until === null)) {
      this.#options.keep?.([]);
      this.#kept = false;
    }
  }

  /**
   * Should this process be killed now, the next one writes what this one could not. Only up to the oldest ping that is
   * not answered: those are lost with the process, and nobody promised anything.
   */
  #keep(): void {
    const { clock, keep, unanswered } = this.#options;
    const now = clock.now();
    const written = this.#mark ?? Number.NEGATIVE_INFINITY;
    const stretches = this.#vouchedFor(Math.min(unanswered?.() ?? now, now))
      .map(({ from, until }) => ({ from: Math.max(from, written), until }))
      .filter(({ from, until }) => until > from);
    if (!keep || (stretches.length === 0 && !this.#kept)) return;
    keep(stretches);
    this.#kept = stretches.length > 0;
  }
}

function recorded(sql: Sql, instanceId: string, { from, until }: Covered) {
  return sql`, lost as (
      select ${instanceId}::uuid as id, ${from}::timestamptz as from_at, ${until}::timestamptz as until_at
    ), recorded as (${recordLost(sql)})`;
}

/** One statement, so one round trip and one transaction a second. Returns the row of each stretch. */
async function writeBeat(
  sql: Sql,
  instanceId: string,
  mark: Instant,
  said: readonly Said[],
  lost: Covered | null,
): Promise<number[]> {
  const ids = said.map(({ stretch }) => stretch.id ?? 0);
  const rows = await sql<{ nth: number | null; id: number }[]>`
    with marked as (
      update instances set watermark = greatest(watermark, ${mark}) where id = ${instanceId}
    ), said as (
      select * from unnest(${ids}::bigint[], ${said.map(({ stretch }) => stretch.from)}::float8[],
                           ${said.map(({ until }) => until)}::float8[]) with ordinality s(id, from_at, until_at, nth)
    ), moved as (
      update coverage c set until_at = greatest(c.until_at, to_timestamp(said.until_at / 1000))
      from said where c.id = said.id returning said.nth::int, c.id
    ), made as (
      insert into coverage (instance_id, from_at, until_at)
      select ${instanceId}, to_timestamp(from_at / 1000), to_timestamp(until_at / 1000) from said
      where nth not in (select nth from moved) order by nth returning id
    )${lost ? recorded(sql, instanceId, lost) : sql``}
    select nth, id from moved union all (select null, id from made order by id)`;
  const moved = new Map(rows.map(({ nth, id }) => [nth, id]));
  const made = rows.filter(({ nth }) => nth === null).map(({ id }) => id);
  return said.map((_, i) => moved.get(i + 1) ?? made.shift()!);
}
