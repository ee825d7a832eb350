import type { Clock, Instant, Milliseconds, Timer } from '@overdue/clock';
import type { TouchedCheck } from './batch-work.ts';
import type { PlainSuccessThrottle } from './intake.ts';
import type { Outcome, Ping } from './ping.ts';
import type { CountedPing, Journal, Sum } from './spool/journal.ts';
import type { CoalescedPing, CoalescedPings } from './spool/journal-records.ts';
import type { ClaimedPings, Submission } from './submission.ts';
import { uuid7 } from './uuid7.ts';

/*
 * The write throttle. A plain success of a check whose newest committed event, less than a window ago, was a plain
 * success says nothing new: it is counted here and answered, and when the window closes, one write brings the true
 * count, the true last time, and the newest of the pings themselves for the log.
 *
 *   committed plain success ──> window open, until `window` after the commit
 *     plain success             counted; answered when the journal has it on disk (an answered ping is never lost)
 *     the window's end          what was counted goes to the writer; its commit opens the next window
 *     a second later, while     the same, but the window stays open: somebody who tries out a check sees each ping, and a
 *     few checks have any,      small installation is up to date; what it costs is bounded
 *     and none too many
 *     any other ping of it      what was counted goes to the writer first, in order; the window is closed
 *     the check was changed     the same (pause, edit, a ping through another ingester: LISTEN)
 *     shutdown                  the same, for all
 *
 * Why the journal: the answer "200 OK" promises that the ping survives this process. Its appends share an fsync among
 * all pings of all checks that arrived during the last one, so its cost does not grow with the load.
 */

/** The newest pings of a window that are kept for the log, at least; twice as many before it is cut. */
const KEEP = 128;
/** How long counted pings wait, at least, and while at most so many checks have some, and each all of theirs, at most. */
const EAGER_MS = 1000;
const EAGER_CHECKS = 100;
/** Windows at a time. The oldest closes when there are more. */
const MAX_WINDOWS = 100_000;
/** Pings kept at a time. The window that has held some for longest closes when there are more. */
const MAX_KEPT = 100_000;

export interface ThrottleOptions {
  readonly clock: Clock;
  /** PING_THROTTLE_SECONDS, in milliseconds. */
  readonly windowMs: Milliseconds;
  readonly journal: Pick<Journal, 'add' | 'claim' | 'failing'>;
  /** Where the sums go: the writer. */
  readonly submit: (submission: Submission) => void;
  /** Pings kept in memory, at most about twice as many: held, and on their way to the writer; default 100,000. */
  readonly maxKept?: number;
}

interface Window {
  readonly checkId: number;
  readonly endsAt: Milliseconds;
  /** Pings that wait for the window's end; null: none. */
  held: Held | null;
}

/** Coalesced pings of one check, from first to last: in a window, then as a sum on its way to the database or the spool. */
interface Held extends Sum {
  /** Newest last; at most 2 * KEEP. */
  readonly pings: CoalescedPing[];
  /** Older ones that are only counted. */
  skipped: number;
  readonly firstAt: Instant;
  /** Those of them that are not answered before the sum is written, because the journal could not take them. */
  readonly unanswered: CountedPing[];
  /** What became of the sum. */
  outcome: Outcome | null;
}

/** Holds back plain successes that say nothing new: see above. Answers each as soon as it cannot be lost. */
export class Throttle implements PlainSuccessThrottle {
  readonly #options: ThrottleOptions;
  /** In order of opening, so also of their end. */
  readonly #windows = new Map<number, Window>();
  /** Those that hold pings. */
  readonly #holding = new Set<Window>();
  #timer: Timer | null = null;
  #eagerTimer: Timer | null = null;
  #stopped = false;
  /** Sums on their way. */
  readonly #leaving = new Set<Held>();
  /** Pings in memory. */
  #kept = 0;
  /** Pings counted, and not yet committed or spooled. */
  pings = 0;
  /** Pings counted, ever. */
  coalesced = 0;

  constructor(options: ThrottleOptions) {
    this.#options = options;
  }

  has(checkId: number): boolean {
    return this.#windows.has(checkId);
  }

  take(checkId: number, ping: CoalescedPing, sender: CountedPing['sender']): boolean {
    const window = this.#windows.get(checkId);
    if (!window) return false;
    const { clock, journal, maxKept = MAX_KEPT } = this.#options;
    if (clock.monotonic() >= window.endsAt || journal.failing || this.#kept >= 2 * maxKept) {
      this.#close(window);
      return false;
    }
    const held = window.held ?? this.#hold(window, ping.at);
    held.pings.push(ping);
    this.#kept++;
    if (held.pings.length === 2 * KEEP) {
      held.pings.splice(0, KEEP);
      held.skipped += KEEP;
      this.#kept -= KEEP;
    }
    this.pings++;
    this.coalesced++;
    journal.add({ checkId, ping, sender, sum: held });
    if (this.#kept > maxKept) this.#close(this.#holding.values().next().value ?? window);
    return true;
  }

  end(checkId: number): void {
    const window = this.#windows.get(checkId);
    if (window) this.#close(window);
  }

  endAll(): void {
    for (const window of [...this.#windows.values()]) this.#close(window);
  }

  /** Ends all windows, and opens no more: nobody would be there to end them. */
  stop(): void {
    this.#stopped = true;
    this.endAll();
  }

  /** A batch was committed: windows open and close by what it said last of each check. */
  committed(checks: readonly TouchedCheck[]): void {
    for (const check of checks) {
      if (check.plain) this.#open(check.id);
      else this.end(check.id);
    }
  }

  /** When the oldest ping was received that is not committed for more than `ms`, or null. */
  oldest(ms: Milliseconds): Instant | null {
    const { clock, windowMs } = this.#options;
    const now = clock.now();
    let oldest: Instant | null = null;
    const consider = (firstAt: Instant) => {
      if (now - firstAt > ms && (oldest === null || firstAt < oldest)) oldest = firstAt;
    };
    for (const { firstAt } of this.#leaving) consider(firstAt);
    // Windows are in order of opening: the first that opened less than `ms` ago, and all after it, hold younger pings.
    for (const { held, endsAt } of this.#windows.values()) {
      if (clock.monotonic() - (endsAt - windowMs) < ms) break;
      if (held) consider(held.firstAt);
    }
    return oldest;
  }

  /** What the journal of an earlier process held, and nobody claimed, goes to the writer now. Resolves when it is safe. */
  async recover(groups: readonly CoalescedPings[]): Promise<void> {
    await Promise.all(
      groups.map(({ checkId, pings, skipped }) => {
        this.pings += pings.length + skipped;
        this.#kept += pings.length;
        const held: Held = { ...nothingHeld(pings[0]!.at), pings: [...pings], skipped, unwritten() {} };
        return new Promise<void>((done) => this.#flush(checkId, held, done));
      }),
    );
  }

  #open(checkId: number): void {
    if (this.#stopped || this.#windows.has(checkId)) return;
    const { clock, windowMs } = this.#options;
    this.#windows.set(checkId, { checkId, endsAt: clock.monotonic() + windowMs, held: null });
    if (this.#windows.size > MAX_WINDOWS) this.#close(this.#windows.values().next().value!);
    this.#schedule();
  }

  #hold(window: Window, firstAt: Instant): Held {
    const held: Held = { ...nothingHeld(firstAt), unwritten: (pings) => this.#unwritten(window, held, pings) };
    window.held = held;
    this.#holding.add(window);
    this.#scheduleEager();
    return held;
  }

  #scheduleEager(): void {
    if (this.#eagerTimer || this.#holding.size === 0) return;
    const { clock } = this.#options;
    this.#eagerTimer = clock.after(EAGER_MS, () => {
      this.#eagerTimer = null;
      if (this.#holding.size <= EAGER_CHECKS) {
        for (const window of this.#holding) if (window.held!.skipped === 0) this.#flushWindow(window);
      }
      this.#scheduleEager();
    });
  }

  #schedule(): void {
    if (this.#timer) return;
    const first = this.#windows.values().next().value;
    if (!first) return;
    const { clock } = this.#options;
    this.#timer = clock.after(Math.max(first.endsAt - clock.monotonic(), 50), () => {
      this.#timer = null;
      const now = clock.monotonic();
      for (const window of this.#windows.values()) {
        if (window.endsAt > now) break;
        this.#close(window);
      }
      this.#schedule();
    });
  }

  #close(window: Window): void {
    this.#windows.delete(window.checkId);
    this.#flushWindow(window);
  }

  #flushWindow(window: Window): void {
    const { held } = window;
    window.held = null;
    this.#holding.delete(window);
    if (held) this.#flush(window.checkId, held);
  }

  #flush(checkId: number, held: Held, onDone?: () => void): void {
    const { journal, submit } = this.#options;
    const count = held.pings.length + held.skipped;
    const pings = latePings(checkId, held.pings, held.skipped);
    this.#kept -= held.pings.length - pings.length;
    const claim = journal.claim(checkId);
    this.#leaving.add(held);
    const claimed: ClaimedPings = {
      bind: claim.bind,
      answered: () => answered(checkId, held),
      done: () => {
        claim.done();
        this.#leaving.delete(held);
        this.pings -= count;
        this.#kept -= pings.length;
        onDone?.();
      },
    };
    // All pings of a claim have one outcome.
    const settle = (outcome: Outcome) => {
      held.outcome = outcome;
      for (const { sender } of held.unanswered.splice(0)) sender.settle(outcome);
    };
    for (const ping of pings) submit({ ping, claim: claimed, settle });
  }

  /**
   * The journal could not take these, so they are not safe and not answered: the sum in which they are counted, which keeps
   * them in order, goes to the writer at once, and what becomes of it is their answer.
   */
  #unwritten(window: Window, held: Held, pings: readonly CountedPing[]): void {
    const { outcome } = held;
    if (outcome === null) for (const ping of pings) held.unanswered.push(ping);
    else for (const { sender } of pings) sender.settle(outcome);
    if (window.held === held) this.#close(window);
  }
}

function nothingHeld(firstAt: Instant): Omit<Held, 'unwritten'> {
  return { pings: [], skipped: 0, firstAt, unanswered: [], outcome: null };
}

/** What is left of a sum without those that were promised to nobody. */
function answered(checkId: number, { pings, skipped, firstAt, unanswered }: Held): Ping[] {
  const leftOut = new Set<CoalescedPing>(unanswered.map(({ ping }) => ping));
  const left = pings.filter((ping) => !leftOut.has(ping));
  const leftSkipped = skipped - (unanswered.length - (pings.length - left.length));
  if (left.length > 0) return latePings(checkId, left, leftSkipped);
  // The details of the older ones are gone; they were of the same check and hour.
  return leftSkipped === 0 ? [] : latePings(checkId, [{ ...pings[0]!, at: firstAt }], leftSkipped - 1);
}

/** Coalesced pings as the writer takes them: the newest {@link KEEP}, the first of which counts for all before it. */
export function latePings(checkId: number, held: readonly CoalescedPing[], skipped: number): Ping[] {
  const kept = held.slice(-KEEP);
  const notKept = skipped + held.length - kept.length;
  return kept.map(({ at, scheme, method, remoteAddr, ua }, i) => ({
    id: uuid7(at),
    at,
    checkId,
    unresolved: null,
    kind: 'success',
    rulesVersion: null,
    exitStatus: null,
    rid: null,
    scheme,
    method,
    remoteAddr,
    ua,
    body: null,
    skipped: i === 0 ? notKept : 0,
    late: 'coalesced',
  }));
}
