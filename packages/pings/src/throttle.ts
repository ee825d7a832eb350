import type { Clock, Instant, Milliseconds, Timer } from '@overdue/clock';
import type { TouchedCheck } from './apply-batch.ts';
import type { PlainSuccessThrottle } from './intake.ts';
import type { ClaimedPings, Outcome, Ping, Submission } from './ping.ts';
import type { CoalescedPing, CoalescedPings, Journal } from './spool/journal.ts';
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
 *     few checks have any       small installation is up to date; what it costs is bounded
 *     any other ping of it      what was counted goes to the writer first, in order; the window is closed
 *     the check was changed     the same (pause, edit, a ping through another ingester: LISTEN)
 *     shutdown                  the same, for all
 *
 * Why the journal: the answer "200 OK" promises that the ping survives this process. Its appends share an fsync among
 * all pings of all checks that arrived during the last one, so its cost does not grow with the load.
 */

/** The newest pings of a window that are kept for the log, at least; twice as many before it is cut. */
const KEEP = 128;
/** How long counted pings wait, at least, and while at most so many checks have some, at most. */
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
  readonly journal: Pick<Journal, 'add' | 'claim' | 'failing' | 'whenItFails'>;
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

/** Coalesced pings of one check, from first to last. */
interface Held {
  /** Newest last; at most 2 * KEEP. */
  pings: CoalescedPing[];
  /** Older ones that are only counted. */
  skipped: number;
  readonly firstAt: Instant;
}

/** A sum on its way to the database or the spool. */
interface Leaving {
  readonly checkId: number;
  readonly firstAt: Instant;
  /** Newest last. */
  readonly pings: readonly CoalescedPing[];
  /** Those that are not answered yet, because the journal could not take them. */
  readonly unanswered: Submission[];
  outcome: Outcome | null;
}

export class Throttle implements PlainSuccessThrottle {
  readonly #options: ThrottleOptions;
  /** In order of opening, so also of their end. */
  readonly #windows = new Map<number, Window>();
  /** Those that hold pings. */
  readonly #holding = new Set<Window>();
  #timer: Timer | null = null;
  #eagerTimer: Timer | null = null;
  #stopped = false;
  readonly #leaving = new Set<Leaving>();
  /** Pings in memory. */
  #kept = 0;
  /** Pings counted, and not yet committed or spooled. */
  pings = 0;
  /** Pings counted, ever. */
  coalesced = 0;

  constructor(options: ThrottleOptions) {
    this.#options = options;
    options.journal.whenItFails((submissions) => this.#unwritten(submissions));
  }

  take(submission: Submission): boolean {
    const { ping } = submission;
    const window = this.#windows.get(ping.checkId!);
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
    journal.add(window.checkId, submission);
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
        const firstAt = pings[0]!.at;
        return new Promise<void>((done) => this.#flush(checkId, { pings: [...pings], skipped, firstAt }, done));
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
    window.held = { pings: [], skipped: 0, firstAt };
    this.#holding.add(window);
    this.#scheduleEager();
    return window.held;
  }

  #scheduleEager(): void {
    if (this.#eagerTimer || this.#holding.size === 0) return;
    const { clock } = this.#options;
    this.#eagerTimer = clock.after(EAGER_MS, () => {
      this.#eagerTimer = null;
      if (this.#holding.size <= EAGER_CHECKS) for (const window of this.#holding) this.#flushWindow(window);
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
    const leaving: Leaving = { checkId, firstAt: held.firstAt, pings: held.pings, unanswered: [], outcome: null };
    this.#leaving.add(leaving);
    const claimed: ClaimedPings = {
      bind: claim.bind,
      answered() {
        const left = without(held, leaving.unanswered);
        return left ? latePings(checkId, left.pings, left.skipped) : [];
      },
      done: () => {
        claim.done();
        this.#leaving.delete(leaving);
        this.pings -= count;
        this.#kept -= pings.length;
        onDone?.();
      },
    };
    // All pings of a claim have one outcome.
    const settle = (outcome: Outcome) => {
      leaving.outcome = outcome;
      for (const submission of leaving.unanswered.splice(0)) submission.settle(outcome);
    };
    for (const ping of pings) submit({ ping, claim: claimed, settle });
  }

  /**
   * The journal could not take these, so they are not safe and not answered: they are no longer coalesced, but written each
   * for itself, after what was coalesced before them. What is on its way already takes its own along, and answers them.
   */
  #unwritten(submissions: readonly Submission[]): void {
    const leaving = new Map([...this.#leaving].map((one) => [one.checkId, one]));
    const ofWindow = new Map<Window, Submission[]>();
    for (const submission of submissions) {
      const { ping } = submission;
      const window = this.#windows.get(ping.checkId!);
      const left = leaving.get(ping.checkId!);
      if (window?.held && ping.at >= window.held.firstAt && !left?.pings.includes(ping)) {
        const theirs = ofWindow.get(window);
        if (theirs) theirs.push(submission);
        else ofWindow.set(window, [submission]);
      } else if (left && left.outcome === null) {
        left.unanswered.push(submission);
      } else {
        submission.settle(left?.outcome ?? 'recorded');
      }
    }
    for (const [window, theirs] of ofWindow) {
      const before = window.held!;
      window.held = without(before, theirs);
      this.#kept -= before.pings.length - (window.held?.pings.length ?? 0);
      this.pings -= theirs.length;
      this.#close(window);
      for (const submission of theirs) this.#options.submit(submission);
    }
  }
}

/** What is left without some of them; null: nothing. */
function without(held: Held, some: readonly Submission[]): Held | null {
  const leftOut = new Set<CoalescedPing>(some.map(({ ping }) => ping));
  const pings = held.pings.filter((ping) => !leftOut.has(ping));
  const skipped = held.skipped - (some.length - (held.pings.length - pings.length));
  if (pings.length > 0) return { pings, skipped, firstAt: held.firstAt };
  if (skipped === 0) return null;
  // The details of the older ones are gone; they were of the same check and hour.
  return { pings: [{ ...held.pings[0]!, at: held.firstAt }], skipped: skipped - 1, firstAt: held.firstAt };
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
