import type { Clock, Milliseconds } from '@overdue/clock';
import type { Claim, Submission } from '../submission.ts';
import { within } from '../within.ts';
import { type CoalescedPing, encodeClaimed, encodeCounted, isRecord, type Left, Recovery } from './journal-records.ts';
import { SEGMENT_BYTES } from './room.ts';
import type { Damage, Survey } from './segment.ts';
import { type LogPosition, SegmentLog } from './segment-log.ts';

/** A coalesced ping until it is safe. */
export interface CountedPing {
  readonly checkId: number;
  readonly ping: CoalescedPing;
  /** Whoever waits for the answer. */
  readonly sender: Pick<Submission, 'settle'>;
  readonly sum: Sum;
}

/** Coalesced pings of a check that go to the database together. */
export interface Sum {
  /** The disk did not take these, or takes too long: they are not safe, and whoever counted them answers them. */
  unwritten(pings: readonly CountedPing[]): void;
}

/** What an earlier process left. */
export interface Recovered extends Left {
  /** Call when all of it is committed or spooled: the old files are not needed any more. */
  done(): Promise<void>;
}

export interface JournalOptions {
  readonly directory: string;
  readonly clock: Clock;
  /** So long a write may take before the disk counts as hanging; default 500. See budget.ts. */
  readonly patienceMs?: Milliseconds;
  readonly onDamage: (damage: Damage) => void;
}

export const JOURNAL_PREFIX = 'throttle';
/**
 * A write costs much the same for one ping as for many, so the next one begins so many milliseconds after the last began,
 * or as soon as so many pings wait for it.
 */
const GATHER_MS = 2;
const GATHER_PINGS = 48;
/** What numbers skip at a start, as some that were given may not have been read: none is given twice. */
const UNREAD_NUMBERS = 1e9;
const PATIENCE_MS = 500;
/** After a failure, so long nothing is tried. */
const FAILURE_MS = 1000;

/**
 * Pings that the throttle has counted and that are answered: on disk (one fdatasync for all that came during the last
 * one) until the write that carries their sum is committed. See journal-records.ts for what is in it.
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #log: SegmentLog;
  #sequence = 0;
  #claims = 0;
  /** What is not on its way to the disk yet. */
  #waiting: CountedPing[] = [];
  #flushing = false;
  #wroteAt = Number.NEGATIVE_INFINITY;
  /** Ends the waiting for more. */
  #enough: (() => void) | null = null;
  /** null: never. */
  #failedAt: Milliseconds | null = null;
  /** Writes under way that the disk takes too long for. */
  #hanging = 0;
  #end: LogPosition | null = null;
  /** What is not committed: from which segment on it is needed. */
  readonly #unclaimed = new Map<number, number>();
  readonly #claimed = new Set<{ segment: number }>();

  private constructor(options: JournalOptions, log: SegmentLog) {
    this.#options = options;
    this.#log = log;
  }

  static async open(options: JournalOptions): Promise<{ journal: Journal; recovered: Recovered }> {
    const found = new Recovery();
    let end: LogPosition | null = null;
    const { directory, clock, onDamage } = options;
    const onSurveyed = ({ damage }: Survey) => {
      if (damage) onDamage(damage);
    };
    // What is read is read now: without a claim that is lost, its pings count once more, which is better than not at all.
    const log = await SegmentLog.open(
      { directory, clock, prefix: JOURNAL_PREFIX, accepts: isRecord, onSurveyed },
      (payload, at) => {
        found.read(payload);
        end = at;
      },
    );
    const journal = new Journal(options, log);
    journal.#sequence = found.sequence + UNREAD_NUMBERS;
    journal.#claims = found.claims + UNREAD_NUMBERS;
    // Held until the old content is taken care of.
    const old = { segment: 0 };
    journal.#claimed.add(old);
    journal.#end = end;
    const done = async () => {
      journal.#claimed.delete(old);
      await journal.#dropOld();
    };
    return { journal, recovered: { ...found.result(), done } };
  }

  /** Whether the disk takes nothing: do not add. */
  get failing(): boolean {
    if (this.#hanging > 0) return true;
    return this.#failedAt !== null && this.#options.clock.monotonic() - this.#failedAt < FAILURE_MS;
  }

  get bytes(): number {
    return this.#log.bytes;
  }

  /** Answers the ping when it is on disk; see {@link Sum.unwritten}. */
  add(counted: CountedPing): void {
    if (!this.#unclaimed.has(counted.checkId)) this.#unclaimed.set(counted.checkId, this.#log.lastSegment);
    this.#waiting.push(counted);
    if (this.#waiting.length === GATHER_PINGS) this.#enough?.();
    if (!this.#flushing) {
      this.#flushing = true;
      setImmediate(() => void this.#flush());
    }
  }

  /** Takes all pings of a check that were added so far. */
  claim(checkId: number): Claim {
    const id = ++this.#claims;
    const held = { segment: this.#unclaimed.get(checkId) ?? this.#log.lastSegment };
    this.#unclaimed.delete(checkId);
    this.#claimed.add(held);
    // What is still waiting is written before the claim.
    const waiting = this.#writeWaiting();
    const through = this.#sequence;
    let bound: { key: string; written: Promise<void> } | null = null;
    return {
      bind: (number) => {
        const key = `${number.lane} ${number.batch}`;
        if (bound?.key === key) return bound.written;
        const record = encodeClaimed({ id, checkId, through, number });
        const written = this.#bound(Promise.all([waiting, this.#append(record)]));
        bound = { key, written };
        return written;
      },
      done: () => {
        this.#claimed.delete(held);
        void this.#dropOld();
      },
    };
  }

  async #bound(written: Promise<unknown>): Promise<void> {
    const { clock, patienceMs = PATIENCE_MS } = this.#options;
    try {
      await within(clock, this.#hanging > 0 ? 0 : patienceMs, written);
    } catch {
      this.#failedAt = clock.monotonic();
      // It may be done with before it is written.
      written.then(
        () => this.#dropOld(),
        () => {},
      );
    }
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    while (this.#flushing) await this.#options.clock.sleep(2);
    await this.#dropOld();
    await this.#log.close();
  }

  async #flush(): Promise<void> {
    const { clock } = this.#options;
    while (this.#waiting.length > 0) {
      const early = GATHER_MS - (clock.monotonic() - this.#wroteAt);
      if (early > 0 && this.#waiting.length < GATHER_PINGS) await this.#gather(early);
      await this.#writeWaiting();
    }
    this.#flushing = false;
  }

  #gather(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(milliseconds, () => this.#enough?.());
      this.#enough = () => {
        this.#enough = null;
        timer.cancel();
        setImmediate(resolve); // those that are being read from their sockets now come along
      };
    });
  }

  /** Its number is taken when this returns. */
  async #writeWaiting(): Promise<void> {
    const counted = this.#waiting;
    if (counted.length === 0) return;
    this.#waiting = [];
    const { clock, patienceMs = PATIENCE_MS } = this.#options;
    this.#wroteAt = clock.monotonic();
    let hangs = false;
    const timer = clock.after(patienceMs, () => {
      hangs = true;
      this.#hanging++;
      unwritten(counted);
      // Nor will what waits behind it be written soon.
      unwritten(this.#waiting.splice(0));
    });
    try {
      await this.#append(encodeCounted(++this.#sequence, counted));
      if (!hangs) for (const { sender } of counted) sender.settle('recorded');
    } catch {
      this.#failedAt = clock.monotonic();
      if (!hangs) unwritten(counted);
    } finally {
      timer.cancel();
      if (hangs) this.#hanging--;
    }
  }

  async #append(payload: Buffer): Promise<void> {
    this.#end = await this.#log.append(payload);
  }

  /** Deletes what nobody needs: everything, or the segments before the oldest that somebody does. */
  async #dropOld(): Promise<void> {
    if (!this.#end) return;
    if (this.#unclaimed.size === 0 && this.#claimed.size === 0) {
      await this.#log.dropThrough(this.#end);
      return;
    }
    if (this.#log.bytes < 2 * SEGMENT_BYTES) return;
    let oldest = Number.POSITIVE_INFINITY;
    for (const segment of this.#unclaimed.values()) oldest = Math.min(oldest, segment);
    for (const { segment } of this.#claimed) oldest = Math.min(oldest, segment);
    await this.#log.dropThrough({ segment: oldest, offset: 0 });
  }
}

function unwritten(counted: readonly CountedPing[]): void {
  const bySum = new Map<Sum, CountedPing[]>();
  for (const one of counted) {
    const same = bySum.get(one.sum);
    if (same) same.push(one);
    else bySum.set(one.sum, [one]);
  }
  for (const [sum, pings] of bySum) sum.unwritten(pings);
}
