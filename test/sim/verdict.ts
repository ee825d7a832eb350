import type { Instant, Milliseconds } from '@overdue/clock';
import type { Sql } from '@overdue/database';
import { ideal, type ModelFlip, type ModelPing, told } from './model.ts';
import type { Plan } from './plan.ts';
import { MIN_GAP } from './sendalerts.ts';
import { BEGIN, type SentPing, type World } from './world.ts';

/*
 * What is looked at when a run is over and all is well again:
 *
 *   pings      every answered one is there, none twice, each as it was sent; the count is right
 *   flips      each begins with the status in which the one before ended; the last one's is the check's
 *   lateness   the flips are those of the model (model.ts): no alert without lateness, no lateness without alert.
 *              Not asked of a check whose pings were applied out of order, or were cut off with their ingester.
 *   alerts     every flip that is to be told reached each of its channels, in order, and whatever came twice says so
 *              by its delivery id; nothing else reached anybody
 *   gaps       stretches without any ingester are on record, and nothing is on record for no reason
 */

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
}

/** Everything that is wrong, in words; empty: nothing. */
export async function verdict(world: World, sql: Sql): Promise<{ problems: string[]; statistics: Statistics }> {
  const problems: string[] = [];
  const statistics: Statistics = { pings: 0, timeouts: 0, alerts: 0, gaps: 0, exact: 0, unseen: 0 };
  const { plan } = world;
  const checks = await sql<CheckRow[]>`select id, status, n_pings, last_ping, alert_after from checks order by id`;
  const gaps = await sql<{ from: Instant; until: Instant }[]>`
    select from_at as "from", until_at as until from gaps where until_at > from_at order by from_at`;
  statistics.gaps = gaps.length;
  problems.push(...judgeGaps(world, gaps));
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
    const sent = world.sent.filter((one) => one.ping.check === check.id - 1);
    statistics.pings += pings.length;
    statistics.timeouts += flips.filter((flip) => flip.reason === 'timeout').length;
    judgePings(check, upSince, pings, sent, say);
    judgeChain(check, upSince, flips, say);
    const inOrder = pings.every((ping, i) => i === 0 || ping.at >= pings[i - 1]!.at);
    const stranded = sent.some((one) => one.stranded && pings.some((ping) => ping.ua === one.ua));
    if (inOrder && !stranded) {
      statistics.exact++;
      const facts = pings.map(({ at, ua }): ModelPing => {
        const { kind, rid } = sent.find((one) => one.ua === ua)?.ping ?? { kind: 'log' as const, rid: null };
        return { at, kind, rid };
      });
      const wanted = ideal({ ...planned, upSince }, facts, gaps, world.clock.now(), (deadline, next) => {
        const seen = flips.some((flip) => flip.reason === 'timeout' && flip.at === deadline);
        // Only of an ingester that may hold an earlier ping (another one, or its own former life) is it not known.
        const others = plan.ingesters > 1 || world.truth.begins(next - FOUND_DEAD_WITHIN, next);
        if (!others || next - deadline > RACE + clocksApart(plan)) return 'must';
        if (!seen) statistics.unseen++;
        return seen ? 'did' : 'did not';
      });
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
  return { problems, statistics };
}

/** With two ingesters, a ping so shortly after the deadline may count as in time (docs/alerting.md); milliseconds. */
const RACE = 5000;

/** A process that stands still is found dead within this time, in milliseconds: see IngesterWatch. */
const FOUND_DEAD_WITHIN = 20_000;

function judgePings(
  check: CheckRow,
  upSince: Instant | null,
  pings: readonly PingRow[],
  sent: readonly SentPing[],
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
  const completions = pings.filter(({ kind }) => kind === 'success' || kind === 'fail').map(({ at }) => at);
  const newest = completions.length === 0 ? upSince : Math.max(...completions);
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
    }
    alerts += first.length;
  }
  return alerts;
}

function judgeGaps(world: World, gaps: readonly { from: Instant; until: Instant }[]): string[] {
  const problems: string[] = [];
  const { truth } = world;
  const began = world.sent[0]?.at ?? world.clock.now();
  if (gaps.length > 0 && !truth.holes) problems.push(`gaps are on record and there were none: ${gaps.map(span)}`);
  const offset = clocksApart(world.plan);
  for (const deaf of truth.deaf(began, world.clock.now())) {
    if (deaf.until - deaf.from <= MIN_GAP + offset) continue;
    const known = gaps.some((gap) => gap.from <= deaf.from + offset && gap.until >= deaf.until - offset);
    if (!known) problems.push(`nobody was receiving in ${span(deaf)}, on record is [${gaps.map(span)}]`);
  }
  return problems;
}

/** How far the clocks of ingesters are from true, at most. */
function clocksApart({ events }: Plan): Milliseconds {
  return events.reduce((sum, event) => (event.do === 'set clock' ? sum + Math.abs(event.by) : sum), 0);
}

function inWords(flip: ModelFlip): string {
  return `${time(flip.at)} ${flip.old}→${flip.new}${flip.reason ? ` (${flip.reason})` : ''}`;
}

function span({ from, until }: { from: Instant; until: Instant }): string {
  return `${time(from)}–${time(until)}`;
}

function time(at: Instant | null): string {
  return at === null ? 'never' : ((at - BEGIN) / 1000).toFixed(3);
}
