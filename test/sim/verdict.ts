import type { Instant, Milliseconds } from '@overdue/clock';
import type { Sql } from '@overdue/database';
import type { SentPing } from './jobs.ts';
import { type Chances, ideal, type ModelEvent, type ModelFlip, type ModelGap, told } from './model.ts';
import type { Act } from './people.ts';
import type { Plan } from './plan.ts';
import { MIN_GAP } from './sendalerts.ts';
import { BEGIN, type World } from './world.ts';

/*
 * What is looked at when a run is over and all is well again:
 *
 *   pings      every answered one is there, none twice, each as it was sent; the count is right
 *   flips      each begins with the status in which the one before ended; the last one's is the check's
 *   lateness   the flips are those of the model (model.ts): no alert without lateness, no lateness without alert.
 *              Not asked of a check whose pings were applied out of order, or were cut off with their ingester, or to
 *              which people did something and do not know whether it was done, or before a ping that had come earlier.
 *   people     a deleted check is gone, with all that belongs to it, and nobody hears of it any more
 *   alerts     every flip that is to be told reached each of its channels, in order, and whatever came twice says so
 *              by its delivery id; nothing else reached anybody, and when all was well again nothing was late
 *   gaps       stretches without any ingester are on record, and nothing is on record for no reason
 */

interface Stretch {
  readonly from: Instant;
  readonly until: Instant;
}

interface PingRow {
  readonly n: number;
  readonly ua: string;
  readonly at: Instant;
  readonly kind: string;
}

interface FlipRow extends ModelFlip {
  readonly id: number;
  readonly decision: unknown;
}

interface CheckRow {
  readonly id: number;
  readonly status: string;
  readonly n_pings: number;
  readonly last_ping: Instant | null;
  readonly alert_after: Instant | null;
}

export interface Statistics {
  pings: number;
  timeouts: number;
  alerts: number;
  gaps: number;
  /** Checks of which the model was asked. */
  exact: number;
  /** Time-outs that were over before anybody could look. */
  unseen: number;
  /** What people did. */
  acts: number;
}

/** Everything that is wrong, in words; empty: nothing. */
export async function verdict(world: World, sql: Sql): Promise<{ problems: string[]; statistics: Statistics }> {
  const problems: string[] = [];
  const statistics: Statistics = { pings: 0, timeouts: 0, alerts: 0, gaps: 0, exact: 0, unseen: 0, acts: 0 };
  const { plan } = world;
  const checks = await sql<CheckRow[]>`select id, status, n_pings, last_ping, alert_after from checks order by id`;
  const gaps = await sql<Stretch[]>`
    select from_at as "from", until_at as until from gaps where until_at > from_at order by from_at`;
  statistics.gaps = gaps.length;
  const dismissals = await sql<Stretch[]>`
    select lost_from as "from", lost_until as until from dismissals where lost_until is not null`;
  problems.push(...judgeGaps(world, gaps, dismissals));
  for (const check of checks) {
    const planned = plan.checks[check.id - 1]!;
    const upSince = planned.upSince === null ? null : BEGIN - planned.upSince;
    const say = (text: string) => problems.push(`check ${check.id}: ${text}`);
    const pings = [
      ...(await sql<PingRow[]>`
        select n, ua, created_at as at, kind from pings where check_id = ${check.id} order by n`),
    ];
    const flips = [
      ...(await sql<FlipRow[]>`
        select id, created_at as at, old_status as old, new_status as new, reason, decision
        from flips where check_id = ${check.id} order by id`),
    ];
    const sent = world.jobs.sent.filter((one) => one.ping.check === check.id - 1);
    const acts = world.people.acts.filter((act) => act.planned.check === check.id - 1);
    statistics.pings += pings.length;
    statistics.timeouts += flips.filter((flip) => flip.reason === 'timeout').length;
    statistics.acts += acts.filter((act) => act.outcome === 'done').length;
    judgePings(world, check, upSince, pings, sent, acts, flips, say);
    judgeChain(check, upSince, flips, say);
    if (acts.some((act) => act.planned.do === 'delete' && act.outcome === 'done')) say('was deleted, and is there');
    const events = inOneOrder(pings, sent, acts);
    const inOrder = isInOrder(events, RACE + clocksApart(plan)) && !isForgotten(world, flips, gaps);
    const stranded = sent.some((one) => one.stranded && pings.some((ping) => ping.ua === one.ua));
    if (inOrder && !stranded && acts.every((act) => act.outcome !== 'unclear')) {
      statistics.exact++;
      const asked = chances(world, flips, () => statistics.unseen++);
      const wanted = ideal({ ...planned, minutes: 1, upSince }, events, gaps, world.clock.now(), asked);
      const [was, should] = [flips, wanted.flips].map((list) => list.map(inWords).join('; '));
      if (was !== should) {
        say(`flips are [${was}], should be [${should}]`);
        for (const flip of flips) say(`  ${inWords(flip)}: ${JSON.stringify(flip.decision)}`);
        say(`  gaps: ${gaps.map(span)}`);
      }
      if (check.status !== wanted.status) say(`is ${check.status}, should be ${wanted.status}`);
    }
    statistics.alerts += await judgeAlerts(world, sql, check.id, flips, say);
  }
  for (const [i] of plan.checks.entries()) {
    if (!checks.some((check) => check.id === i + 1)) problems.push(...(await judgeDeleted(world, sql, i)));
  }
  return { problems, statistics };
}

/** Pings and what people did, in the order in which the database has them. */
function inOneOrder(pings: readonly PingRow[], sent: readonly SentPing[], acts: readonly Act[]): ModelEvent[] {
  const events = pings.map(({ n, at, ua }) => {
    const { kind, rid } = sent.find((one) => one.ua === ua)?.ping ?? { kind: 'log' as const, rid: null };
    return { place: n, event: [{ at, kind, rid }] as ModelEvent[] };
  });
  const did = acts
    .filter((act) => act.outcome === 'done')
    .map((act) => ({ place: act.after + 0.5, event: eventOf(act) }));
  return [...events, ...did].toSorted((a, b) => a.place - b.place).flatMap(({ event }) => event);
}

/**
 * Whether each event came before the next. Not asked of a ping that was received well before somebody did something, and
 * is known only since: what becomes of it is the model's affair.
 * @param race what lies less far apart may have been in either order
 */
function isInOrder(events: readonly ModelEvent[], race: Milliseconds): boolean {
  return events.every(({ at }, i) =>
    events
      .slice(0, i)
      .every((before) => before.at <= at || (!isPing(before) && isPing(events[i]!) && before.at - at > race)),
  );
}

/**
 * Whether there was a time-out while an ingester was receiving that died before it could write that down: now a gap is on
 * record that nobody knew of then.
 */
function isForgotten({ truth }: World, flips: readonly FlipRow[], gaps: readonly ModelGap[]): boolean {
  return flips.some(({ at, reason }) =>
    gaps.some(
      ({ from, until }) =>
        reason === 'timeout' &&
        from <= at &&
        at < until &&
        !truth.deaf(from, until).some((deaf) => deaf.from <= at && at < deaf.until),
    ),
  );
}

function isPing({ kind }: ModelEvent): boolean {
  return kind !== 'pause' && kind !== 'resume' && kind !== 'edit';
}

function eventOf({ planned, at }: Act): ModelEvent[] {
  if (planned.do === 'delete') return [];
  if (planned.do === 'edit') return [{ at, kind: 'edit', by: planned.by, fields: planned.fields }];
  return [{ at, kind: planned.do }];
}

/** What nobody can know but from what the product did. @param unseen hears of a time-out that it did not see */
function chances({ plan, truth }: World, flips: readonly FlipRow[], unseen: () => void): Chances {
  return {
    timeout(deadline, event) {
      const next = event.at;
      const seen = flips.some((flip) => flip.reason === 'timeout' && flip.at === deadline);
      if (!isPing(event)) {
        if (truth.hasCalm(deadline, next, SEEN_WITHIN)) return 'must';
      } else {
        // Only of an ingester that may hold an earlier ping (another one, or its own former life) is it not known.
        const others = plan.ingesters > 1 || truth.begins(next - FOUND_DEAD_WITHIN, next);
        if (!others || next - deadline > RACE + clocksApart(plan)) return 'must';
      }
      if (!seen) unseen();
      return seen ? 'did' : 'did not';
    },
    edit(deadline, at) {
      if (truth.hasCalm(deadline, at, SEEN_WITHIN)) return 'must';
      return flips.some((flip) => flip.new === 'down' && flip.reason === '' && flip.at === at) ? 'did' : 'did not';
    },
  };
}

/** Without faults, a time-out is seen within this time, in milliseconds. */
const SEEN_WITHIN = 40_000;

/** With two ingesters, a ping so shortly after the deadline may count as in time (docs/alerting.md); milliseconds. */
const RACE = 5000;

/** A process that stands still is found dead within this time, in milliseconds: see IngesterWatch. */
const FOUND_DEAD_WITHIN = 20_000;

function judgePings(
  { plan }: World,
  check: CheckRow,
  upSince: Instant | null,
  pings: readonly PingRow[],
  sent: readonly SentPing[],
  acts: readonly Act[],
  flips: readonly FlipRow[],
  say: (text: string) => void,
): void {
  for (const one of sent) {
    const rows = pings.filter((row) => row.ua === one.ua);
    if (rows.length === 0 && one.outcome === 'recorded') say(`${one.ua} was answered 200 and is lost`);
    if (rows.length > 1) say(`${one.ua} is recorded ${rows.length} times`);
    if (rows[0] && one.outcome === 'unknown') say(`${one.ua} was answered 404 and is recorded`);
    if (rows[0] && rows[0].kind !== one.ping.kind) say(`${one.ua} is recorded as ${rows[0].kind}`);
    if (rows[0] && rows[0].at !== one.at) say(`${one.ua} is recorded ${rows[0].at - one.at} ms off`);
    if (one.outcome === 'unknown') say(`${one.ua} was answered 404`);
  }
  if (check.n_pings !== pings.length) say(`counts ${check.n_pings} pings and has ${pings.length}`);
  if (pings.some((ping, i) => ping.n !== i + 1)) say(`numbers of pings have holes: ${pings.map(({ n }) => n)}`);
  // Which of two at the same time was first, nobody knows.
  const done = acts.filter((act) => act.outcome === 'done');
  const crossed = pings.some(({ n, at }) =>
    done.some((act) => act.after < n && at < act.at && act.at - at < RACE + clocksApart(plan)),
  );
  if (crossed || acts.some((act) => act.outcome === 'unclear')) return;
  // A resumed check begins anew.
  const resumed = done.filter((act) => act.planned.do === 'resume').map((act) => act.after);
  // To pause what is paused is nothing.
  const moved = flips.filter((flip) => flip.new === 'paused' || (flip.new === 'new' && flip.old === 'paused'));
  let newest = resumed.length > 0 ? null : upSince;
  for (const { n, at, kind } of pings) {
    if (n <= Math.max(0, ...resumed) || (kind !== 'success' && kind !== 'fail')) continue;
    // Known only after it was paused: the last one all the same, if the check has any. After it was resumed: not.
    const before = moved.filter((flip) => at < flip.at && done.some((act) => act.at === flip.at && act.after < n));
    if (before.some((flip) => flip.new === 'new' || newest === null)) continue;
    newest = Math.max(newest ?? at, at);
  }
  if (newest !== check.last_ping) say(`last_ping is ${time(check.last_ping)}, should be ${time(newest)}`);
}

function judgeChain(
  check: CheckRow,
  upSince: Instant | null,
  flips: readonly FlipRow[],
  say: (text: string) => void,
): void {
  let status = upSince === null ? 'new' : 'up';
  for (const flip of flips) {
    if (flip.old !== status) say(`flip ${inWords(flip)} begins with ${flip.old}, not ${status}`);
    if (flip.old === flip.new) say(`flip ${inWords(flip)} changes nothing`);
    status = flip.new;
  }
  if (check.status !== status) say(`is ${check.status}, its last flip says ${status}`);
  if (check.status === 'up' && check.alert_after === null) say('is up and nothing is awaited');
}

async function judgeAlerts(
  world: World,
  sql: Sql,
  checkId: number,
  flips: readonly FlipRow[],
  say: (text: string) => void,
): Promise<number> {
  const code = `00000000-0000-4000-8000-${String(checkId).padStart(12, '0')}`;
  const rows = await sql<{ flip: number; channel: number; code: string; state: string; status: string }[]>`
    select flip_id as flip, channel_id - 1 as channel, code, state, check_status as status
    from notifications where check_id = ${checkId} order by id`;
  const { checks, channels } = world.plan;
  const receipts = world.receivers.receipts.filter((receipt) => receipt.code === code);
  let alerts = 0;
  for (let channel = 0; channel < channels.length; channel++) {
    const assigned = checks[checkId - 1]!.channels.includes(channel);
    const due = assigned ? told(flips).filter((flip) => flip.new === 'down' || channels[channel]!.up) : [];
    const owed = rows.filter((row) => row.channel === channel);
    const wanted = due.map((flip) => flip.new).join(', ');
    if (owed.map((row) => row.status).join(', ') !== wanted) {
      say(`channel ${channel} is owed [${owed.map((row) => row.status)}], should be owed [${wanted}]`);
    }
    for (const row of owed) if (row.state !== 'sent') say(`channel ${channel}: a message is ${row.state}, not sent`);
    const came = receipts.filter((receipt) => receipt.channel === channel);
    // What comes again carries the same id, and is passed over by whoever looks at it.
    const first = came.filter((receipt, i) => came.findIndex((r) => r.delivery === receipt.delivery) === i);
    if (first.map((receipt) => receipt.status).join(', ') !== wanted) {
      say(`channel ${channel} received [${first.map((receipt) => receipt.status)}], should have [${wanted}]`);
    }
    for (const receipt of came) {
      const row = owed.find((one) => one.code === receipt.delivery);
      if (!row) say(`channel ${channel} received something that is not in the outbox`);
      else if (row.status !== receipt.status) say(`channel ${channel} was told ${receipt.status} for ${row.status}`);
      const flip = flips.find((one) => one.id === row?.flip);
      if (flip && receipt.at < flip.at - clocksApart(world.plan))
        say(`channel ${channel} was told of ${inWords(flip)} before it was`);
      if (flip && first.includes(receipt) && receipt.at > Math.max(flip.at, world.healedAt) + TOLD_WITHIN)
        say(`channel ${channel} was told of ${inWords(flip)} as late as ${time(receipt.at)}`);
    }
    alerts += first.length;
  }
  return alerts;
}

/** When all is well, somebody is told within this time, in milliseconds: most of it is the idle pace of looks (see Pace). */
const TOLD_WITHIN = 120_000;

async function judgeDeleted(world: World, sql: Sql, index: number): Promise<string[]> {
  const say = (text: string) => `check ${index + 1}: ${text}`;
  const deletion = world.people.acts.find((act) => act.planned.check === index && act.planned.do === 'delete');
  if (!deletion) return [say('is gone, and nobody deleted it')];
  const id = index + 1;
  const left = await sql<{ what: string }[]>`
    select 'pings' as what from pings where check_id = ${id} union all
    select 'flips' from flips where check_id = ${id} union all
    select 'messages' from notifications where check_id = ${id}`;
  const problems = left.map(({ what }) => say(`is deleted, and its ${what} are there`));
  const last = world.receivers.receipts.findLast((receipt) => Number(receipt.code.slice(-12)) === id);
  if (deletion.outcome === 'done' && last && last.at > deletion.at + UNDER_WAY) {
    problems.push(say(`was deleted at ${time(deletion.at)}, and somebody was told of it at ${time(last.at)}`));
  }
  return problems;
}

/** So long after a check was deleted a message of it may arrive that was under way then; milliseconds. */
const UNDER_WAY = 60_000;

/** @param dismissals what may be lost with ingesters that were dismissed */
function judgeGaps(world: World, gaps: readonly Stretch[], dismissals: readonly Stretch[]): string[] {
  const problems: string[] = [];
  const { truth } = world;
  const began = world.jobs.sent[0]?.at ?? world.clock.now();
  const offset = clocksApart(world.plan);
  const right = [...truth.deaf(BEGIN, world.clock.now()), ...truth.doubts, ...dismissals]
    .map(({ from, until }) => ({ from: from - UNWRITTEN - offset, until: until + offset }))
    .toSorted((a, b) => a.from - b.from);
  for (const gap of gaps) {
    let reached = gap.from;
    for (const { from, until } of right) if (from <= reached) reached = Math.max(reached, until);
    if (reached < gap.until) problems.push(`somebody was receiving at ${time(reached)}, on record is [${span(gap)}]`);
  }
  for (const deaf of truth.deaf(began, world.clock.now())) {
    if (deaf.until - deaf.from <= MIN_GAP + offset) continue;
    const known = gaps.some((gap) => gap.from <= deaf.from + offset && gap.until >= deaf.until - offset);
    if (!known) problems.push(`nobody was receiving in ${span(deaf)}, on record is [${gaps.map(span)}]`);
  }
  return problems;
}

/** What an ingester vouches for and has not written is gone with it; milliseconds. See Pace. */
const UNWRITTEN = MIN_GAP;

/** How far the clocks of ingesters are from true, at most. */
function clocksApart({ events }: Plan): Milliseconds {
  return events.reduce((sum, event) => (event.do === 'set clock' ? sum + Math.abs(event.by) : sum), 0);
}

function inWords(flip: ModelFlip): string {
  return `${time(flip.at)} ${flip.old}→${flip.new}${flip.reason ? ` (${flip.reason})` : ''}`;
}

function span({ from, until }: Stretch): string {
  return `${time(from)}–${time(until)}`;
}

function time(at: Instant | null): string {
  return at === null ? 'never' : ((at - BEGIN) / 1000).toFixed(3);
}
