import type { Instant } from '@overdue/clock';

/*
 * What Overdue promises about one check, said again in as few words as possible, without any code of the product.
 *
 * The model is a server that has no faults: it gets every ping at once, in order of receipt, and looks at the clock all
 * the time. From the pings that a check got it tells which status changes there must be:
 *
 *   - a success makes it up, a fail makes it down, at the ping's instant (a repeated one changes nothing);
 *   - while it is up, the next ping is awaited a period after the newest success (or at the schedule's next time);
 *     while it is not down, the end of a run is awaited from its start; what is awaited and has not come when its grace
 *     is over makes it down, at that instant;
 *   - but what was awaited in a gap (nobody was receiving) is awaited again after it: the next time of the schedule, or
 *     of the period, and for a run the end of the gap. A ping may also have come into the gap a little early: by a
 *     minute, but not by more than grace or a tenth of the period, and not before the last one.
 *
 * One thing the model cannot know: a ping may come after its deadline and before anybody could look (a deadline that
 * passes while `sendalerts` or the database is away). Then the product sees a check that is not late any more. So such
 * a time-out is a `may`: the product decides, and the model goes along (see `Chance`).
 */

export interface ModelCheck {
  readonly kind: 'simple' | 'cron';
  /** Seconds. Cron checks are due at every full minute. */
  readonly timeout: number;
  /** Seconds. */
  readonly grace: number;
  /** When it was pinged last before all this; null: it is new. */
  readonly upSince: Instant | null;
}

export interface ModelPing {
  readonly at: Instant;
  readonly kind: 'success' | 'start' | 'fail' | 'log';
  readonly rid: string | null;
}

export interface ModelGap {
  readonly from: Instant;
  readonly until: Instant;
}

export interface ModelFlip {
  readonly at: Instant;
  readonly old: string;
  readonly new: string;
  readonly reason: '' | 'timeout' | 'fail';
}

/**
 * Asked about a time-out that was over when the next ping came: `must`: there was time enough to see it; `did`,
 * `did not`: there was not, and that is what the product made of it.
 */
export type Chance = (deadline: Instant, nextPing: Instant) => 'must' | 'did' | 'did not';

export interface ModelState {
  readonly status: string;
  readonly lastPing: Instant | null;
  readonly lastStart: Instant | null;
  readonly flips: readonly ModelFlip[];
}

/**
 * What must have happened to a check by `until`.
 * @param pings in order of receipt
 */
export function ideal(
  check: ModelCheck,
  pings: readonly ModelPing[],
  gaps: readonly ModelGap[],
  until: Instant,
  chance: Chance,
): ModelState {
  const flips: ModelFlip[] = [];
  let status = check.upSince === null ? 'new' : 'up';
  let lastPing = check.upSince;
  let lastStart: Instant | null = null;
  let startRid: string | null = null;
  const become = (next: string, at: Instant, reason: ModelFlip['reason']) => {
    if (next !== status) flips.push({ at, old: status, new: next, reason });
    status = next;
  };
  for (const ping of [...pings, null]) {
    const now = ping?.at ?? until;
    const deadline = deadlineOf(check, status, lastPing, lastStart, gaps);
    // Overdue already when the last ping came (a run that it left alone): from that on.
    const at = deadline === null ? null : Math.max(deadline, lastPing ?? deadline);
    // At that very instant, the ping is in time.
    if (at !== null && at < now) {
      if (ping === null || chance(at, now) !== 'did not') become('down', at, 'timeout');
    }
    switch (ping?.kind) {
      case 'success':
        lastPing = ping.at;
        // It ends the run that is under way, unless it says that it belongs to another.
        if (ping.rid === null || ping.rid === startRid) lastStart = null;
        become('up', ping.at, '');
        break;
      case 'fail':
        lastPing = ping.at;
        lastStart = null;
        become('down', ping.at, 'fail');
        break;
      case 'start':
        lastStart = ping.at;
        startRid = ping.rid;
        break;
    }
  }
  return { status, lastPing, lastStart, flips };
}

function deadlineOf(
  check: ModelCheck,
  status: string,
  lastPing: Instant | null,
  lastStart: Instant | null,
  gaps: readonly ModelGap[],
): Instant | null {
  const grace = check.grace * 1000;
  let due = status === 'up' && lastPing !== null ? nextTime(check, lastPing) : null;
  let run = status === 'down' ? null : lastStart;
  for (const gap of gaps) {
    if (due !== null) {
      const early = Math.min(60_000, grace, check.kind === 'simple' ? check.timeout * 100 : 60_000);
      const opens = Math.max(due - early, lastPing ?? 0);
      if (overlap(gap, opens, due + grace)) {
        do due = nextTime(check, due);
        while (due < gap.until);
      }
    }
    if (run !== null && overlap(gap, run, run + grace)) run = gap.until;
  }
  const from = due === null ? run : run === null ? due : Math.min(due, run);
  return from === null ? null : from + grace;
}

function nextTime(check: ModelCheck, after: Instant): Instant {
  return check.kind === 'simple' ? after + check.timeout * 1000 : (Math.floor(after / 60_000) + 1) * 60_000;
}

function overlap(gap: ModelGap, from: Instant, until: Instant): boolean {
  return gap.from < until && gap.until > from;
}

/** Changes that are told to channels (up: only after down), in order. */
export function told(flips: readonly ModelFlip[]): ModelFlip[] {
  return flips.filter((flip) => flip.new === 'down' || (flip.new === 'up' && flip.old === 'down'));
}
