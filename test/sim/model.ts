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
 * People are followed in the same way, at the instant at which they did something:
 *
 *   - a pause ends whatever is awaited, a resume makes the check new again, an edit changes what is awaited from then on;
 *   - a ping that came before a pause or resume and is known only after it does not change the status any more;
 *   - an edit in the pages that makes a check late takes it down at once, and nobody is told (they see it).
 *
 * One thing the model cannot know: a ping may come after its deadline and before anybody could look (a deadline that
 * passes while `sendalerts` or the database is away). Then the product sees a check that is not late any more. So such
 * a time-out is a `may`: the product decides, and the model goes along (see `Chances`). The same with what people do to a
 * check that became late a moment ago.
 */

export interface ModelSchedule {
  readonly kind: 'simple' | 'cron';
  /** Seconds. */
  readonly timeout: number;
  /** Cron checks are due at every full minute that this divides. */
  readonly minutes: number;
  /** Seconds. */
  readonly grace: number;
}

export interface ModelCheck extends ModelSchedule {
  /** When it was pinged last before all this; null: it is new. */
  readonly upSince: Instant | null;
}

export type ModelEvent = { readonly at: Instant } & (
  | { readonly kind: 'success' | 'start' | 'fail' | 'log'; readonly rid: string | null }
  | { readonly kind: 'pause' | 'resume' }
  | { readonly kind: 'edit'; readonly by: 'page' | 'api'; readonly fields: Partial<ModelSchedule> }
);

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

/** `must`: there was time enough to see it; `did`, `did not`: there was not, and that is what the product made of it. */
export type Chance = 'must' | 'did' | 'did not';

export interface Chances {
  /** Asked about a time-out that was over when the next ping came, or somebody did something. */
  timeout(deadline: Instant, next: ModelEvent): Chance;
  /** Asked about an edit in the pages that made a check late, by a deadline before it. */
  edit(deadline: Instant, at: Instant): Chance;
}

export interface ModelState {
  readonly status: string;
  readonly lastPing: Instant | null;
  readonly lastStart: Instant | null;
  readonly flips: readonly ModelFlip[];
}

/**
 * What must have happened to a check by `until`.
 * @param events in the order in which the database has them
 */
export function ideal(
  { upSince, ...initial }: ModelCheck,
  events: readonly ModelEvent[],
  gaps: readonly ModelGap[],
  until: Instant,
  chances: Chances,
): ModelState {
  let schedule: ModelSchedule = initial;
  const flips: ModelFlip[] = [];
  let status = upSince === null ? 'new' : 'up';
  let lastPing = upSince;
  let lastStart: Instant | null = null;
  let startRid: string | null = null;
  /** The newest pause or resume. */
  let movedAt: Instant = Number.NEGATIVE_INFINITY;
  const become = (next: string, at: Instant, reason: ModelFlip['reason']) => {
    if (next !== status) flips.push({ at, old: status, new: next, reason });
    status = next;
  };
  for (const event of [...events, null]) {
    const now = event?.at ?? until;
    if (now < movedAt) continue;
    const deadline = deadlineOf(schedule, status, lastPing, lastStart, gaps);
    // Overdue already when the last ping came (a run that it left alone): from that on.
    const at = deadline === null ? null : Math.max(deadline, lastPing ?? deadline);
    // At that very instant, the ping is in time.
    if (at !== null && at < now) {
      if (event === null || chances.timeout(at, event) !== 'did not') become('down', at, 'timeout');
    }
    switch (event?.kind) {
      case 'success':
        lastPing = now;
        // It ends the run that is under way, unless it says that it belongs to another.
        if (event.rid === null || event.rid === startRid) lastStart = null;
        become('up', now, '');
        break;
      case 'fail':
        lastPing = now;
        lastStart = null;
        become('down', now, 'fail');
        break;
      case 'start':
        lastStart = now;
        startRid = event.rid;
        break;
      case 'pause':
        if (status === 'paused') break;
        [lastStart, movedAt] = [null, now];
        become('paused', now, '');
        break;
      case 'resume':
        [lastPing, lastStart, movedAt] = [null, null, now];
        become('new', now, '');
        break;
      case 'edit': {
        schedule = { ...schedule, ...event.fields };
        if (event.by === 'api' || status !== 'up') break;
        const late = deadlineOf(schedule, status, lastPing, lastStart, gaps);
        if (late !== null && late < now && chances.edit(late, now) !== 'did not') become('down', now, '');
        break;
      }
    }
  }
  return { status, lastPing, lastStart, flips };
}

function deadlineOf(
  check: ModelSchedule,
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

function nextTime({ kind, timeout, minutes }: ModelSchedule, after: Instant): Instant {
  const step = minutes * 60_000;
  return kind === 'simple' ? after + timeout * 1000 : (Math.floor(after / step) + 1) * step;
}

function overlap(gap: ModelGap, from: Instant, until: Instant): boolean {
  return gap.from < until && gap.until > from;
}

/** Changes that are told to channels (up: only after down; nothing that somebody did in the pages), in order. */
export function told(flips: readonly ModelFlip[]): ModelFlip[] {
  return flips.filter(
    (flip) => (flip.new === 'down' && flip.reason !== '') || (flip.new === 'up' && flip.old === 'down'),
  );
}
