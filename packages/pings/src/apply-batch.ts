import {
  alertAfter,
  applyCoalesced,
  applyPing,
  type CheckState,
  type Flip,
  type Known,
  mayBeOverdue,
  overdueBefore,
  type PingKind,
  type PingTransition,
  type Status,
  type Transition,
} from '@overdue/checks';
import type { Instant } from '@overdue/clock';
import { type NewFlip, type ReservedSql, recordFlips } from '@overdue/database';
import { bytes, numbers, texts, words } from './arrays.ts';
import { isPlainSuccess, type Outcome, type Ping } from './ping.ts';
import { readKnown, type Vouching } from './vouching/index.ts';

/*
 * A batch of pings in one transaction, two round trips:
 *
 *   1. begin · advance the lane · lock the touched checks in id order and read their state
 *      (here: each ping through the pure state machine, in order of receipt)
 *   2. write the checks · the pings · the flips and what they owe · drop what falls out of the log · commit
 *
 * A batch with a ping from after its check's deadline, which `sendalerts` has not judged yet, asks in between who was
 * receiving until then. When all is known, the time-out is recorded ahead of the ping, as `sendalerts` would have.
 *
 * The statements of a round trip are sent without waiting for one another. All go through one reserved connection: an
 * ordinary pool would send what is left of a transaction over a new connection when the old one breaks, and there each
 * statement would commit by itself.
 */

/** Exactly-once: see `ingest_lanes`. */
export interface BatchNumber {
  /** A UUID of the process's making; batches of a lane are applied in the order of their numbers. */
  readonly lane: string;
  readonly batch: number;
}

export interface Applied {
  /** True when an earlier attempt had committed at least one of the batches: nothing was done now. */
  readonly already: boolean;
  /** One for each ping, in order. */
  readonly outcomes: readonly Outcome[];
  /** Checks touched, with what the throttle wants to know. */
  readonly checks: readonly TouchedCheck[];
  /** Time-outs recorded ahead of the pings that came after them. */
  readonly timeouts: number;
  /** Pings that came after the deadline and moved it all the same, because another ingester may hold an earlier one. */
  readonly unjudged: number;
  /** Set when nothing was done, see {@link ApplyOptions.mayWait}: up to when the other ingesters vouch. */
  readonly waitsAt: Instant | null;
}

const NOTHING_LATE = { timeouts: 0, unjudged: 0, waitsAt: null };

/**
 * A ping so shortly after the deadline, in milliseconds, is not waited for: others vouch once a second, so of each such
 * ping it would be unknown at first. It counts as in time.
 */
const RACE_MS = 5000;

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

/** Batches of a lane that are applied together: numbers `first` to `batch`. */
export interface BatchRange extends BatchNumber {
  readonly first: number;
}

export interface ApplyOptions {
  /** What is applied: one batch, or (replay) several of several lanes. Empty: not numbered, nobody sends it again. */
  readonly ranges: readonly BatchRange[];
  /** Tell other ingesters which checks got informative pings less than this many milliseconds after a success; 0: no. */
  readonly announceWithinMs?: number;
  readonly onProblem?: ReportProblem;
  /** For pings from after the deadline. Without it, they move the deadline as if they were in time. */
  readonly vouching?: Vouching;
  /** Do nothing (roll back) when it cannot be known yet whether one of them is late: it can be applied later. */
  readonly mayWait?: boolean;
  /** Only try: roll back at the end. */
  readonly dryRun?: boolean;
  /** Awaited before `commit` is sent. */
  readonly beforeCommit?: Promise<unknown>;
}

/** The transaction came to another end than a commit; sending the batch again is safe. */
export class NotCommittedError extends Error {
  override readonly name = 'NotCommittedError';
}

/**
 * Applies pings, all with a `checkId`, through a reserved connection. On any error the caller must throw that connection
 * away (the transaction may still be open on it).
 * @throws {NotCommittedError}, or what the driver throws
 */
export async function applyBatch(sql: ReservedSql, pings: readonly Ping[], options: ApplyOptions): Promise<Applied> {
  const groups = groupByCheck(pings);
  const ids = [...groups.keys()].sort((a, b) => a - b);
  const { ranges } = options;

  const begun = sql`begin`.execute();
  const advanced =
    ranges.length > 0
      ? sql`
          with new as (
            select * from unnest(
              ${words(ranges.map((r) => r.lane))}::uuid[], ${numbers(ranges.map((r) => r.first))}::bigint[],
              ${numbers(ranges.map((r) => r.batch))}::bigint[]
            ) n(lane, first, batch) order by lane
          )
          insert into ingest_lanes as l (lane, batch) select lane, batch from new
          on conflict (lane) do update set batch = excluded.batch, updated_at = now()
            where l.batch < (select first from new where new.lane = l.lane)
          returning batch`.execute()
      : null;
  const locked = sql<LockedRow[]>`
    select id, kind, timeout, grace, case when kind <> 'simple' then schedule end, case when kind <> 'simple' then tz end,
           status, manual_resume,
           n_pings, date_part('epoch', last_ping) * 1000, date_part('epoch', last_start) * 1000, last_start_rid,
           last_duration_ms, date_part('epoch', alert_after) * 1000
    from checks where id = any(${numbers(ids)}::bigint[]) order by id for no key update`
    .values()
    .execute();
  await all([begun, advanced, locked]);
  if (advanced && (await advanced).length < ranges.length) {
    await sql`rollback`;
    return { already: true, outcomes: pings.map(() => 'recorded'), checks: [], ...NOTHING_LATE };
  }

  const work = new Work(pings.length);
  const states = ((await locked) as unknown as LockedRow[]).map(readState);
  const doubtful = states.filter((state) => mayHaveFlipped(state, groups.get(state.id)!, pings));
  const flipped = doubtful.length > 0 ? await newestFlips(sql, doubtful) : NO_FLIPS;
  const late = states.filter((state) => mayBeLate(state, groups.get(state.id)!, pings));
  const known = late.length > 0 && options.vouching ? await readKnownFor(sql, options.vouching, late, pings) : null;
  for (const state of states) {
    work.apply(
      state,
      groups.get(state.id)!,
      pings,
      { flippedAt: flipped.get(state.id) ?? null, known },
      options.onProblem,
    );
  }
  const { outcomes, touched: checks, timeouts, unjudged } = work;
  if (options.mayWait && work.waits) {
    await sql`rollback`;
    return { already: false, outcomes: [], checks: [], ...NOTHING_LATE, waitsAt: known!.until };
  }
  const applied: Applied = { already: false, outcomes, checks, timeouts, unjudged, waitsAt: null };
  const statements: Promise<unknown>[] = work.write(sql);
  if (work.flips.length > 0) statements.push(recordFlips(sql, work.flips));
  if (options.announceWithinMs) {
    const announced = work.announcement(options.announceWithinMs);
    if (announced) statements.push(sql`select pg_notify('check_pinged', ${announced})`.execute());
  }
  // Flips take a second round trip of their own when something is owed; a plain batch commits without waiting.
  if (work.flips.length > 0) await all(statements);
  if (options.beforeCommit) {
    statements.push(options.beforeCommit);
    await all(statements);
  }
  if (options.dryRun) {
    await all(statements);
    await sql`rollback`;
    return applied;
  }
  const committed = sql`commit`.execute();
  await all([...statements, committed]);
  const commit = await committed;
  if (commit.command !== 'COMMIT') {
    throw new NotCommittedError(`The batch ended with ${commit.command}`);
  }
  return applied;
}

/** The number of the newest batch of each lane that is committed. */
export async function lanePositions(sql: ReservedSql, lanes: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const rows = await sql<BatchNumber[]>`select lane, batch from ingest_lanes where lane = any(${words(lanes)}::uuid[])`;
  return new Map(rows.map((row) => [row.lane, row.batch]));
}

/** Waits for all to settle, so that none is left behind to reject unheard; then throws the first error. */
async function all(promises: readonly (PromiseLike<unknown> | null)[]): Promise<void> {
  for (const one of await Promise.allSettled(promises)) if (one.status === 'rejected') throw one.reason;
}

/** Indices of the pings of each check, in order. */
function groupByCheck(pings: readonly Ping[]): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (let i = 0; i < pings.length; i++) {
    const id = pings[i]!.checkId!;
    const group = groups.get(id);
    if (group) group.push(i);
    else groups.set(id, [i]);
  }
  return groups;
}

type LockedRow = [
  id: number,
  kind: CheckState['kind'],
  timeout: number,
  grace: number,
  /** Null: a simple check, which has none. */
  schedule: string | null,
  tz: string | null,
  status: Status,
  manualResume: boolean,
  nPings: number,
  lastPing: number | null,
  lastStart: number | null,
  lastStartRid: string | null,
  lastDurationMs: number | null,
  alertAfter: number | null,
];

type Locked = CheckState & { readonly id: number };

function readState(row: LockedRow): Locked {
  return {
    id: row[0],
    kind: row[1],
    timeout: row[2],
    grace: row[3],
    schedule: row[4] ?? '',
    tz: row[5] ?? 'UTC',
    status: row[6],
    manual_resume: row[7],
    n_pings: row[8],
    last_ping: whole(row[9]),
    last_start: whole(row[10]),
    last_start_rid: row[11],
    last_duration_ms: row[12],
    alert_after: whole(row[13]),
  };
}

/** date_part answers in binary floating point; instants are whole milliseconds. */
function whole(value: number | null): number | null {
  return value === null ? null : Math.round(value);
}

const NO_FLIPS: ReadonlyMap<number, Instant> = new Map();

/** Whether one of the pings may come after the check's deadline; true too often rather than too seldom. */
function mayBeLate(state: Locked, group: readonly number[], pings: readonly Ping[]): boolean {
  let first = Number.POSITIVE_INFINITY;
  for (const index of group) {
    const { at, kind } = pings[index]!;
    // Whatever comes first in the batch, no deadline that it sets is nearer than the grace time.
    if (mayBeOverdue(state, at, kind) || at - first > state.grace * 1000) return true;
    if (at < first) first = at;
  }
  return false;
}

function readKnownFor(
  sql: ReservedSql,
  vouching: Vouching,
  states: readonly Locked[],
  pings: readonly Ping[],
): Promise<Known> {
  let until = Number.NEGATIVE_INFINITY;
  let since = Number.POSITIVE_INFINITY;
  for (const { at } of pings) {
    until = Math.max(until, at);
    since = Math.min(since, at);
  }
  // No window opens before the check's last ping or start.
  for (const { last_ping, last_start } of states) since = Math.min(since, last_ping ?? since, last_start ?? since);
  return readKnown(sql, vouching, since, until);
}

/** What a check's pings are applied with, beside its state. */
interface Beside {
  /** When its status changed last, if that may be after a ping; null: it is not. */
  readonly flippedAt: Instant | null;
  /** Null: nothing can be late. */
  readonly known: Known | null;
}

/** Whether a late ping meets a check that may have been paused, resumed, cleared or put down since it was received. */
function mayHaveFlipped(state: Locked, group: readonly number[], pings: readonly Ping[]): boolean {
  return state.status !== 'up' && group.some((index) => pings[index]!.late);
}

/** When the newest status change of each check took effect. */
async function newestFlips(sql: ReservedSql, states: readonly Locked[]): Promise<Map<number, Instant>> {
  const rows = await sql<{ check_id: number; at: number }[]>`
    select f.check_id, date_part('epoch', f.created_at) * 1000 as at
    from unnest(${numbers(states.map((s) => s.id))}::bigint[]) c(id)
    cross join lateral (
      select check_id, created_at from flips where check_id = c.id order by created_at desc limit 1
    ) f`;
  return new Map(rows.map((row) => [row.check_id, Math.round(row.at)]));
}

/** The pings of a check are pruned when their number crosses a multiple of this: the log holds at most so many more. */
const PRUNE_EVERY = 16;

/** What a batch writes, column by column. */
class Work {
  readonly outcomes: Outcome[];
  readonly touched: TouchedCheck[] = [];
  readonly flips: NewFlip[] = [];
  timeouts = 0;
  unjudged = 0;
  /** Whether one of the unjudged is worth waiting for. */
  waits = false;

  readonly #checks = {
    id: [] as number[],
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
    body: [] as (Buffer | null)[],
    rid: [] as (string | null)[],
    exit: [] as (number | null)[],
  };
  readonly #prune = { id: [] as number[], n: [] as number[] };

  constructor(pings: number) {
    this.outcomes = new Array(pings).fill('unknown');
  }

  apply(
    before: Locked,
    group: readonly number[],
    pings: readonly Ping[],
    { flippedAt, known }: Beside,
    onProblem: ReportProblem | undefined,
  ): void {
    // Somebody paused or resumed it: pings from before that change nothing any more.
    const movedAt = before.status === 'down' ? null : flippedAt;
    let newest = flippedAt;
    let state = before;
    let link = false;
    let plain = false;
    let informative = false;
    for (const index of group) {
      const ping = pings[index]!;
      const { at } = ping;
      const history = ping.late && movedAt !== null && at < movedAt;
      let kind: PingKind;
      if (history) {
        // Received before the pause or resume that others see: logged and counted, as it would have been then.
        state = { ...state, n_pings: state.n_pings + ping.skipped + 1 };
        kind = ping.kind;
        plain = false;
      } else {
        const overdue = known ? this.#timeOut(state, ping, known) : null;
        if (overdue) {
          state = overdue.check;
          newest = this.#flip(before.id, overdue.flip!, newest);
        }
        const transition = ping.late === 'coalesced' ? applyFromThrottle(state, ping) : applyPing(state, ping);
        state = transition.check;
        if (transition.flip) newest = this.#flip(before.id, transition.flip, newest);
        kind = transition.kind;
        if (transition.problem) onProblem?.(before.id, transition.problem);
        plain = kind === 'success' && state.last_ping === at && state.last_start === null && isPlainSuccess(ping);
      }
      if (!plain) informative = true;
      link = ping.body !== null && hasConfirmationLink(ping.body);
      this.#log(before.id, state.n_pings, ping, kind);
      this.outcomes[index] = 'recorded';
    }
    const checks = this.#checks;
    checks.id.push(before.id);
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
  #timeOut(state: Locked, ping: Ping, known: Known): Transition<Locked> | null {
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

  #log(checkId: number, n: number, ping: Ping, kind: PingKind): void {
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
    pings.body.push(ping.body);
    pings.rid.push(ping.rid);
    pings.exit.push(ping.exitStatus);
  }

  /** Sends the statements; they are on their way when this returns. */
  write(sql: ReservedSql): Promise<unknown>[] {
    const c = this.#checks;
    const p = this.#pings;
    if (c.id.length === 0) return [];
    const statements: Promise<unknown>[] = [
      // wake_at: see checks_due in the schema. Left alone when the deadline only moves further away.
      sql`
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
          ${numbers(c.duration)}::bigint[], ${words(c.link)}::bool[], ${numbers(c.alertAfter)}::float8[]
        ) u(id, status, n, last_ping, last_start, rid, duration, link, alert_after)
        where c.id = u.id`.execute(),
      sql`
        insert into pings
          (check_id, n, id, created_at, kind, scheme, method, remote_addr, ua, body, rid, exit_status)
        select check_id, n, id, to_timestamp(at / 1000.0), kind, scheme, method, addr, ua, body, rid, exit
        from unnest(
          ${numbers(p.check)}::bigint[], ${numbers(p.n)}::bigint[], ${words(p.id)}::uuid[], ${numbers(p.at)}::float8[],
          ${words(p.kind)}::text[], ${texts(p.scheme)}::text[], ${texts(p.method)}::text[], ${texts(p.addr)}::text[],
          ${texts(p.ua)}::text[], ${bytes(p.body)}::bytea[], ${words(p.rid)}::uuid[], ${numbers(p.exit)}::smallint[]
        ) u(check_id, n, id, at, kind, scheme, method, addr, ua, body, rid, exit)`.execute(),
    ];
    if (this.#prune.id.length > 0) {
      statements.push(
        sql`
          delete from pings p
          using unnest(${numbers(this.#prune.id)}::bigint[], ${numbers(this.#prune.n)}::bigint[]) u(id, n)
          join checks c on c.id = u.id join projects j on j.id = c.project_id
          where p.check_id = u.id and p.n <= u.n - j.ping_log_limit`.execute(),
      );
    }
    return statements;
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

/**
 * Plain successes that waited in the throttle. A run that began meanwhile (through another ingester) began after them,
 * and is not theirs to end, however close the instants are: the clocks of two hosts are not compared.
 */
function applyFromThrottle(state: Locked, { at, skipped }: Ping): PingTransition<Locked> {
  const { last_start, last_start_rid, last_duration_ms } = state;
  const began = last_start !== null && last_start > at;
  const after = applyCoalesced(began ? { ...state, last_start: null } : state, skipped + 1, at);
  if (!began) return after;
  const check = { ...after.check, last_start, last_start_rid, last_duration_ms };
  try {
    return { ...after, check: { ...check, alert_after: alertAfter(check) } };
  } catch (error) {
    return { ...after, check: { ...check, alert_after: null }, problem: String(error) };
  }
}

/** P-31. */
function hasConfirmationLink(body: Buffer): boolean {
  return body.toString('latin1').toLowerCase().includes('confirm');
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
