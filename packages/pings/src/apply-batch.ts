import { type Known, mayBeOverdue } from '@overdue/checks';
import type { Instant } from '@overdue/clock';
import { type ReservedSql, recordFlips } from '@overdue/database';
import { numbers } from './arrays.ts';
import { BatchWork, type ReportProblem, type TouchedCheck } from './batch-work.ts';
import { advanceAllLanes, advanceLanes, type BatchRange } from './lanes.ts';
import type { Outcome, Ping } from './ping.ts';
import type { RememberedChecks } from './remembered-checks.ts';
import { inOrder, lockChecks, readState, type StoredCheck } from './stored-check.ts';
import { readKnown, type Vouching } from './vouching/index.ts';

/*
 * A batch of pings in one transaction. The long way, two round trips:
 *
 *   1. begin · advance the lane · lock the touched checks in id order and read their state
 *      (here: each ping through the pure state machine, in order of receipt)
 *   2. write the checks · the pings · the flips and what they owe · drop what falls out of the log · commit
 *
 * A batch with a ping from after its check's deadline, which `sendalerts` has not judged yet, asks in between who was
 * receiving until then. When all is known, the time-out is recorded ahead of the ping, as `sendalerts` would have.
 *
 * The short way, one round trip, for checks of which is remembered what they were (RememberedChecks), which almost always
 * is what they are: begin · advance the lane · write, where they still are that · commit. One that is not fails it all, and
 * the long way follows.
 *
 * The statements of a round trip are sent without waiting for one another. All go through one reserved connection: an
 * ordinary pool would send what is left of a transaction over a new connection when the old one breaks, and there each
 * statement would commit by itself.
 */

export interface Applied {
  /** True when an earlier attempt had committed at least one of the batches: nothing was done now. */
  readonly already: boolean;
  /** Which way it went, see above; `both`: the short one in vain. */
  readonly way: 'short' | 'long' | 'both';
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
  /** Not empty: nothing was done, because these (their indices) were judged by rules that the check has no longer. */
  readonly outdated: readonly number[];
}

const NOTHING_DONE: Applied = {
  way: 'long',
  already: false,
  outcomes: [],
  checks: [],
  timeouts: 0,
  unjudged: 0,
  waitsAt: null,
  outdated: [],
};

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
  /** With it, the short way is tried first; see {@link RememberedChecks}. */
  readonly memory?: RememberedChecks;
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
  const tried = await applyRemembered(sql, groups, pings, options);
  if (typeof tried === 'object') return tried;
  const states = await begin(sql, [...groups.keys()], options.ranges);
  if (states === 'already') {
    await sql`rollback`;
    return { ...NOTHING_DONE, already: true, outcomes: pings.map(() => 'recorded') };
  }
  if (tried === 'in vain') options.memory!.tried(false);
  const outdated = findOutdated(states, groups, pings);
  if (outdated.length > 0) {
    // Not the others either: should the answer to this batch get lost, its number says that all of it is in.
    await sql`rollback`;
    return { ...NOTHING_DONE, outdated };
  }
  const { work, known } = await judge(sql, states, groups, pings, options);
  if (options.mayWait && work.waits) {
    await sql`rollback`;
    return { ...NOTHING_DONE, waitsAt: known!.until };
  }
  await write(sql, work, { ...options, checks: 'locked', sent: [] });
  options.memory?.written(work.after);
  const { outcomes, touched: checks, timeouts, unjudged } = work;
  const way = tried === 'in vain' ? 'both' : 'long';
  return { ...NOTHING_DONE, way, outcomes, checks, timeouts, unjudged };
}

/**
 * The short way: one round trip that fails unless all checks are what they are remembered to be. Only for what changes no
 * status and comes before the deadlines.
 * @returns anything but an object: nothing was done, and the connection is as it was
 */
async function applyRemembered(
  sql: ReservedSql,
  groups: ReadonlyMap<number, readonly number[]>,
  pings: readonly Ping[],
  options: ApplyOptions,
): Promise<Applied | 'not tried' | 'in vain'> {
  const { memory, ranges } = options;
  if (!memory || options.dryRun || groups.size === 0) return 'not tried';
  const states = memory.recall(inOrder(groups.keys()));
  if (states === null || findOutdated(states, groups, pings).length > 0) return 'not tried';
  const work = judgeRemembered(states, groups, pings);
  if (work === null) return 'not tried';
  const sent = [sql`begin`.unsynced().execute(), ...(ranges.length > 0 ? [advanceAllLanes(sql, ranges)] : [])];
  try {
    await write(sql, work, { ...options, checks: 'remembered', sent });
  } catch (error) {
    if (!isForTheLongWay(error)) throw error;
    await sql`rollback`;
    return 'in vain';
  }
  memory.tried(true);
  memory.written(work.after);
  const { outcomes, touched: checks } = work;
  return { ...NOTHING_DONE, way: 'short', outcomes, checks };
}

/** @returns null when that takes more than is remembered */
function judgeRemembered(
  states: readonly StoredCheck[],
  groups: ReadonlyMap<number, readonly number[]>,
  pings: readonly Ping[],
): BatchWork | null {
  let problems = 0;
  const work = new BatchWork(pings.length, () => problems++);
  for (const state of states) {
    const group = groups.get(state.id)!;
    if (mayHaveFlipped(state, group, pings) || mayBeLate(state, group, pings)) return null;
    work.apply(state, group, pings, { flippedAt: null, known: null });
    if (problems > 0 || work.flips.length > 0) return null;
  }
  return work;
}

/** Begins the transaction, advances the lanes and locks the checks. @returns `already`: one of the batches is in */
async function begin(
  sql: ReservedSql,
  ids: readonly number[],
  ranges: readonly BatchRange[],
): Promise<StoredCheck[] | 'already'> {
  const begun = sql`begin`.unsynced().execute();
  const advanced = ranges.length > 0 ? advanceLanes(sql, ranges) : null;
  const locked = lockChecks(sql, ids);
  await all([begun, advanced, locked]);
  if (advanced && (await advanced).length < ranges.length) return 'already';
  return (await locked).map(readState);
}

/** Indices of pings whose check is not what they were judged by, or gone. */
function findOutdated(
  states: readonly StoredCheck[],
  groups: ReadonlyMap<number, readonly number[]>,
  pings: readonly Ping[],
): number[] {
  const outdated: number[] = [];
  const compare = (group: readonly number[], rulesVersion: number | null) => {
    for (const index of group) {
      const judgedBy = pings[index]!.rulesVersion;
      if (judgedBy !== null && judgedBy !== rulesVersion) outdated.push(index);
    }
  };
  for (const { id, rulesVersion } of states) compare(groups.get(id)!, rulesVersion);
  if (states.length < groups.size) {
    const there = new Set(states.map(({ id }) => id));
    for (const [id, group] of groups) if (!there.has(id)) compare(group, null);
  }
  return outdated;
}

/** What the pings make of their checks. `known`: null when none can be late. */
async function judge(
  sql: ReservedSql,
  states: readonly StoredCheck[],
  groups: ReadonlyMap<number, readonly number[]>,
  pings: readonly Ping[],
  { vouching, onProblem }: ApplyOptions,
): Promise<{ work: BatchWork; known: Known | null }> {
  const doubtful = states.filter((state) => mayHaveFlipped(state, groups.get(state.id)!, pings));
  const flipped = doubtful.length > 0 ? await newestFlips(sql, doubtful) : NO_FLIPS;
  const late = states.filter((state) => mayBeLate(state, groups.get(state.id)!, pings));
  const known = late.length > 0 && vouching ? await readKnownFor(sql, vouching, late, pings) : null;
  const work = new BatchWork(pings.length, onProblem);
  for (const state of states) {
    work.apply(state, groups.get(state.id)!, pings, { flippedAt: flipped.get(state.id) ?? null, known });
  }
  return { work, known };
}

interface WriteOptions extends ApplyOptions {
  readonly checks: 'locked' | 'remembered';
  /** What was sent before it and not waited for. */
  readonly sent: readonly PromiseLike<unknown>[];
}

/** Writes it all and commits. @throws {NotCommittedError}, or what the driver throws */
async function write(sql: ReservedSql, work: BatchWork, options: WriteOptions): Promise<void> {
  const written = work.statements(sql, options.checks);
  if (options.announceWithinMs) {
    const announced = work.announcement(options.announceWithinMs);
    if (announced) written.push(sql`select pg_notify('check_pinged', ${announced})`);
  }
  const commitFollows = work.flips.length === 0 && !options.beforeCommit && !options.dryRun;
  for (const statement of written) {
    if (commitFollows) statement.unsynced();
    statement.execute();
  }
  const statements: PromiseLike<unknown>[] = [...options.sent, ...written];
  // Flips take a second round trip of their own when something is owed; a plain batch commits without waiting.
  if (work.flips.length > 0) {
    statements.push(recordFlips(sql, work.flips));
    await all(statements);
  }
  if (options.beforeCommit) {
    statements.push(options.beforeCommit);
    await all(statements);
  }
  if (options.dryRun) {
    await all(statements);
    await sql`rollback`;
    return;
  }
  const committed = sql`commit`.execute();
  await all([...statements, committed]);
  const { command } = await committed;
  if (command !== 'COMMIT') throw new NotCommittedError(`The batch ended with ${command}`);
}

/**
 * What a wrong memory may end in: all_found says that a check is not what it was (serialization_failure); or, if
 * PostgreSQL should ever log the pings before it asks that, their numbers are taken (unique_violation); or others lock
 * the checks in another order than the plan does (deadlock_detected; the long way locks them in the order of their ids).
 */
function isForTheLongWay(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === '40001' || code === '23505' || code === '40P01';
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

const NO_FLIPS: ReadonlyMap<number, Instant> = new Map();

/** Whether one of the pings may come after the check's deadline; true too often rather than too seldom. */
function mayBeLate(state: StoredCheck, group: readonly number[], pings: readonly Ping[]): boolean {
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
  states: readonly StoredCheck[],
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

/** Whether a late ping meets a check that may have been paused, resumed, cleared or put down since it was received. */
function mayHaveFlipped(state: StoredCheck, group: readonly number[], pings: readonly Ping[]): boolean {
  return state.status !== 'up' && group.some((index) => pings[index]!.late);
}

/** When the newest status change of each check took effect. */
async function newestFlips(sql: ReservedSql, states: readonly StoredCheck[]): Promise<Map<number, Instant>> {
  const rows = await sql<{ check_id: number; at: number }[]>`
    select f.check_id, date_part('epoch', f.created_at) * 1000 as at
    from unnest(${numbers(states.map((s) => s.id))}::bigint[]) c(id)
    cross join lateral (
      select check_id, created_at from flips where check_id = c.id order by created_at desc limit 1
    ) f`;
  return new Map(rows.map((row) => [row.check_id, Math.round(row.at)]));
}
