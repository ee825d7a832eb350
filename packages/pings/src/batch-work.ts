import { isAscii } from 'node:buffer';
import {
  alertAfter,
  applyCoalesced,
  applyPing,
  type Flip,
  type Known,
  overdueBefore,
  type PingKind,
  type PingTransition,
  type Transition,
} from '@overdue/checks';
import type { Instant } from '@overdue/clock';
import type { Fragment, NewFlip, ReservedSql, Statement } from '@overdue/database';
import { bytes, numbers, texts, words } from './arrays.ts';
import { isPlainSuccess, type Outcome, type Ping } from './ping.ts';
import type { StoredCheck } from './stored-check.ts';

/**
 * A ping so shortly after the deadline, in milliseconds, is not waited for: others vouch once a second, so of each such
 * ping it would be unknown at first. It counts as in time.
 */
const RACE_MS = 5000;

/** A check that a batch wrote, with what the throttle wants to know. */
export interface TouchedCheck {
  readonly id: number;
  /** Whether the last ping applied was a plain success that counted (not `ign`), and the newest of the check. */
  readonly plain: boolean;
  /** Whether any of the pings was something else: it ends throttling on other ingesters. */
  readonly informative: boolean;
  /** `last_ping` from before this batch. */
  readonly previousPing: Instant | null;
}

/** A broken schedule: the check's pings are recorded, but nothing is expected any more. */
export type ReportProblem = (checkId: number, problem: string) => void;

/** What a check's pings are applied with, beside its state. */
interface Beside {
  /** When its status changed last, if that may be after a ping; null: it is not. */
  readonly flippedAt: Instant | null;
  /** Null: nothing can be late. */
  readonly known: Known | null;
}

/** A check while its pings are applied. */
interface Progress {
  state: StoredCheck;
  /** When its status changed last, if that is known. */
  newestFlip: Instant | null;
  /** See {@link TouchedCheck}. */
  plain: boolean;
  informative: boolean;
  /** Whether the last ping's body asks for a confirmation, as mailing lists do (P-31). */
  link: boolean;
}

/** The pings of a check are pruned when their number crosses a multiple of this: the log holds at most so many more. */
const PRUNE_EVERY = 16;

/** What a batch comes to, and writes: column by column. */
export class BatchWork {
  readonly outcomes: Outcome[];
  readonly touched: TouchedCheck[] = [];
  readonly flips: NewFlip[] = [];
  timeouts = 0;
  unjudged = 0;
  /** Whether one of the unjudged is worth waiting for. */
  waits = false;
  /** What the checks are afterwards. */
  readonly after: StoredCheck[] = [];

  readonly #checks = {
    id: [] as number[],
    place: [] as string[],
    status: [] as string[],
    n: [] as number[],
    lastPing: [] as (number | null)[],
    lastStart: [] as (number | null)[],
    rid: [] as (string | null)[],
    duration: [] as (number | null)[],
    /** Null: false. */
    link: [] as (string | null)[],
    alertAfter: [] as (number | null)[],
  };
  /** What the checks of `#checks` were before. */
  readonly #before: StoredCheck[] = [];
  readonly #pings = {
    check: [] as number[],
    n: [] as number[],
    id: [] as string[],
    at: [] as number[],
    kind: [] as string[],
    scheme: [] as string[],
    method: [] as string[],
    addr: [] as (string | null)[],
    ua: [] as string[],
    /** ASCII goes as text: half the bytes, and a third of the work, of bytea in an array. */
    text: [] as (string | null)[],
    bytes: [] as (Buffer | null)[],
    rid: [] as (string | null)[],
    exit: [] as (number | null)[],
  };
  readonly #prune = { id: [] as number[], n: [] as number[] };
  readonly #onProblem: ReportProblem;

  constructor(pings: number, onProblem: ReportProblem = () => {}) {
    this.outcomes = new Array(pings).fill('unknown');
    this.#onProblem = onProblem;
  }

  /** Applies a check's pings (`group`: their indices), in order. */
  apply(before: StoredCheck, group: readonly number[], pings: readonly Ping[], { flippedAt, known }: Beside): void {
    const progress: Progress = { state: before, newestFlip: flippedAt, plain: false, informative: false, link: false };
    // Somebody paused or resumed it: pings from before that do not change its status any more.
    const movedAt = before.status === 'down' ? null : flippedAt;
    for (const index of group) {
      const ping = pings[index]!;
      const isHistory = ping.late && movedAt !== null && ping.at < movedAt;
      let { kind } = ping;
      if (isHistory) [progress.state, progress.plain] = [logOnly(progress, ping), false];
      else kind = this.#step(progress, ping, known);
      if (!progress.plain) progress.informative = true;
      const text = ping.body?.toString('latin1') ?? null;
      progress.link = text !== null && /confirm/i.test(text);
      this.#log(before.id, progress.state.n_pings, ping, kind, text);
      this.outcomes[index] = 'recorded';
    }
    this.#touch(before, progress);
  }

  /** One ping through the state machine. @returns its kind as recorded */
  #step(progress: Progress, ping: Ping, known: Known | null): PingKind {
    const { id } = progress.state;
    const overdue = known ? this.#timeOut(progress.state, ping, known) : null;
    if (overdue) {
      progress.state = overdue.check;
      progress.newestFlip = this.#flip(id, overdue.flip!, progress.newestFlip);
    }
    const transition =
      ping.late === 'coalesced' ? applyFromThrottle(progress.state, ping) : applyPing(progress.state, ping);
    const { check, flip, kind, problem } = transition;
    progress.state = check;
    if (flip) progress.newestFlip = this.#flip(id, flip, progress.newestFlip);
    if (problem) this.#onProblem(id, problem);
    progress.plain = check.last_ping === ping.at && check.last_start === null && isPlainSuccess(kind, ping);
    return kind;
  }

  #touch(before: StoredCheck, { state, plain, informative, link }: Progress): void {
    this.#before.push(before);
    this.after.push(state);
    const checks = this.#checks;
    checks.id.push(before.id);
    checks.place.push(before.place);
    checks.status.push(state.status);
    checks.n.push(state.n_pings);
    checks.lastPing.push(state.last_ping);
    checks.lastStart.push(state.last_start);
    checks.rid.push(state.last_start_rid);
    checks.duration.push(state.last_duration_ms);
    checks.link.push(link ? 't' : null);
    checks.alertAfter.push(state.alert_after);
    if (Math.floor(before.n_pings / PRUNE_EVERY) !== Math.floor(state.n_pings / PRUNE_EVERY)) {
      this.#prune.id.push(before.id);
      this.#prune.n.push(state.n_pings);
    }
    this.touched.push({ id: before.id, plain, informative, previousPing: before.last_ping });
  }

  /** The time-out that the check had before the ping, if any. */
  #timeOut(state: StoredCheck, ping: Ping, known: Known): Transition<StoredCheck> | null {
    // Of pings that are only counted nobody knows when each came.
    const overdue = ping.skipped > 0 ? null : overdueBefore(state, ping, known);
    if (overdue === null) return null;
    if ('since' in overdue) {
      this.unjudged++;
      this.waits ||= ping.at - overdue.since > RACE_MS;
      return null;
    }
    this.timeouts++;
    return overdue;
  }

  /** Not before the `newest` until now: what an older ping undoes is dated when that was done, lest downtimes be wrong. */
  #flip(checkId: number, flip: Flip, newest: Instant | null): Instant {
    const at = Math.max(flip.at, newest ?? flip.at);
    this.flips.push(newFlip(checkId, flip, at));
    return at;
  }

  /** @param text the bytes of the body as characters */
  #log(checkId: number, n: number, ping: Ping, kind: PingKind, text: string | null): void {
    const pings = this.#pings;
    pings.check.push(checkId);
    pings.n.push(n);
    pings.id.push(ping.id);
    pings.at.push(ping.at);
    pings.kind.push(kind);
    pings.scheme.push(ping.scheme);
    pings.method.push(ping.method);
    pings.addr.push(ping.remoteAddr);
    pings.ua.push(ping.ua);
    const isText = ping.body !== null && isPlainAscii(ping.body);
    pings.text.push(isText ? text : null);
    pings.bytes.push(isText ? null : ping.body);
    pings.rid.push(ping.rid);
    pings.exit.push(ping.exitStatus);
  }

  /**
   * What writes it all, not sent yet.
   * @param checks `locked`, or `remembered`: it fails (serialization_failure) unless they are what {@link apply} was given
   */
  statements(sql: ReservedSql, checks: 'locked' | 'remembered'): Statement[] {
    const c = this.#checks;
    const p = this.#pings;
    if (c.id.length === 0) return [];
    const statements: Statement[] = [
      // wake_at: see checks_due in the schema. Left alone when the deadline only moves further away.
      sql`
        with written as (
          update checks c set
            status = u.status, n_pings = u.n, last_ping = to_timestamp(u.last_ping / 1000.0),
            last_start = to_timestamp(u.last_start / 1000.0), last_start_rid = u.rid, last_duration_ms = u.duration,
            has_confirmation_link = u.link is true, alert_after = to_timestamp(u.alert_after / 1000.0),
            wake_at = case when u.alert_after is null then null
              when c.wake_at <= to_timestamp(u.alert_after / 1000.0) then c.wake_at
              else to_timestamp(u.alert_after / 1000.0) end
          from unnest(
            ${numbers(c.id)}::bigint[], ${words(c.status)}::text[], ${numbers(c.n)}::bigint[],
            ${numbers(c.lastPing)}::float8[], ${numbers(c.lastStart)}::float8[], ${words(c.rid)}::uuid[],
            ${numbers(c.duration)}::bigint[], ${words(c.link)}::bool[], ${numbers(c.alertAfter)}::float8[],
            ${checks === 'locked' ? this.#places(sql) : this.#memories(sql)}
          where ${checks === 'locked' ? atItsPlace(sql) : asRemembered(sql)}
          returning 1
        ), logged as (
          insert into pings
            (check_id, n, id, created_at, kind, scheme, method, remote_addr, ua, body, rid, exit_status)
          select check_id, n, id, to_timestamp(at / 1000.0), kind, scheme, method, addr, ua,
                 coalesce(bytes, convert_to(text, 'UTF8')), rid, exit
          from unnest(
            ${numbers(p.check)}::bigint[], ${numbers(p.n)}::bigint[], ${words(p.id)}::uuid[],
            ${numbers(p.at)}::float8[], ${words(p.kind)}::text[], ${texts(p.scheme)}::text[],
            ${texts(p.method)}::text[], ${texts(p.addr)}::text[], ${texts(p.ua)}::text[], ${texts(p.text)}::text[],
            ${bytes(p.bytes)}::bytea[], ${words(p.rid)}::uuid[], ${numbers(p.exit)}::smallint[]
          ) u(check_id, n, id, at, kind, scheme, method, addr, ua, text, bytes, rid, exit)
        )
        select all_found(count(*), ${c.id.length}) from written`,
    ];
    if (this.#prune.id.length > 0) {
      statements.push(
        sql`
          delete from pings p
          using unnest(${numbers(this.#prune.id)}::bigint[], ${numbers(this.#prune.n)}::bigint[]) u(id, n)
          join checks c on c.id = u.id join projects j on j.id = c.project_id
          where p.check_id = u.id and p.n <= u.n - j.ping_log_limit`,
      );
    }
    return statements;
  }

  #places(sql: ReservedSql): Fragment {
    return sql`
      ${texts(this.#checks.place)}::tid[]
    ) u(id, status, n, last_ping, last_start, rid, duration, link, alert_after, place)`;
  }

  #memories(sql: ReservedSql): Fragment {
    const before = this.#before;
    const column = (read: (check: StoredCheck) => number | null) => numbers(before.map(read));
    const schedules = before.map(({ kind, schedule, tz }) => (kind === 'simple' ? null : `${kind} ${schedule} ${tz}`));
    return sql`
      ${column((check) => check.n_pings)}::bigint[], ${column((check) => check.rulesVersion)}::int[],
      ${column((check) => check.timeout)}::int[], ${column((check) => check.grace)}::int[],
      ${texts(schedules)}::text[], ${column((check) => check.last_ping)}::float8[],
      ${column((check) => check.last_start)}::float8[], ${words(before.map((check) => check.last_start_rid))}::uuid[],
      ${column((check) => check.last_duration_ms)}::bigint[], ${column((check) => check.alert_after)}::float8[]
    ) u(id, status, n, last_ping, last_start, rid, duration, link, alert_after, was_n, was_rules, was_timeout, was_grace,
        was_schedule, was_last_ping, was_last_start, was_rid, was_duration, was_alert_after)`;
  }

  /** Ids for `check_pinged`, or null: checks that another ingester may be throttling. A payload holds 8000 bytes. */
  announcement(withinMs: number): string | null {
    const now = Math.max(...this.#pings.at);
    const ids = this.touched
      .filter((t) => t.informative && t.previousPing !== null && now - t.previousPing < withinMs)
      .map((t) => t.id);
    if (ids.length === 0) return null;
    const text = ids.join(',');
    return text.length < 7900 ? text : '*';
  }
}

/** By their places, which is a fifth less work for PostgreSQL than to look them up once more; see all_found in the schema. */
function atItsPlace(sql: ReservedSql): Fragment {
  return sql`c.ctid = u.place and c.id = u.id`;
}

/**
 * All that the state machine goes by, or writes back as it was. (Only manual_resume is left out: it counts for paused
 * checks, and those are not remembered.)
 */
function asRemembered(sql: ReservedSql): Fragment {
  return sql`
    c.id = u.id and c.status = u.status and c.n_pings = u.was_n and c.rules_version = u.was_rules
    and c.timeout = u.was_timeout and c.grace = u.was_grace
    and case when c.kind = 'simple' then u.was_schedule is null
             else c.kind || ' ' || c.schedule || ' ' || c.tz = u.was_schedule end
    and c.last_ping is not distinct from to_timestamp(u.was_last_ping / 1000.0)
    and c.last_start is not distinct from to_timestamp(u.was_last_start / 1000.0)
    and c.last_start_rid is not distinct from u.was_rid
    and c.last_duration_ms is not distinct from u.was_duration
    and c.alert_after is not distinct from to_timestamp(u.was_alert_after / 1000.0)`;
}

/**
 * Received before a pause or resume that others see: logged and counted, as it would have been then. A pause leaves the
 * time of the last ping alone, so that is this one's if it is younger; a resume has deleted it.
 */
function logOnly({ state }: Progress, ping: Ping): StoredCheck {
  const { status, last_ping } = state;
  const completes = ping.kind === 'success' || ping.kind === 'fail';
  const isLast = completes && status === 'paused' && last_ping !== null && ping.at > last_ping;
  return { ...state, n_pings: state.n_pings + ping.skipped + 1, last_ping: isLast ? ping.at : last_ping };
}

/**
 * Plain successes that waited in the throttle. A run that began meanwhile (through another ingester) began after them,
 * and is not theirs to end, however close the instants are: the clocks of two hosts are not compared.
 */
function applyFromThrottle(state: StoredCheck, { at, skipped }: Ping): PingTransition<StoredCheck> {
  const { last_start, last_start_rid, last_duration_ms } = state;
  const began = last_start !== null && last_start >= at;
  const after = applyCoalesced(began ? { ...state, last_start: null } : state, skipped + 1, at);
  if (!began) return after;
  const check = { ...after.check, last_start, last_start_rid, last_duration_ms };
  try {
    return { ...after, check: { ...check, alert_after: alertAfter(check) } };
  } catch (error) {
    return { ...after, check: { ...check, alert_after: null }, problem: String(error) };
  }
}

/** Whether PostgreSQL takes the body as text, in whatever encoding its database is. */
function isPlainAscii(body: Buffer): boolean {
  return isAscii(body) && !body.includes(0);
}

function newFlip(checkId: number, flip: Flip, createdAt: Instant): NewFlip {
  return {
    checkId,
    createdAt,
    oldStatus: flip.old_status,
    newStatus: flip.new_status,
    reason: flip.reason,
    decision: flip.decision as unknown as Record<string, unknown>,
    notify: flip.notify,
  };
}
