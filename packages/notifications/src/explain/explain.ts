import { BrokenScheduleError, type CheckState, type LatenessFacts } from '@overdue/checks';
import type { Instant } from '@overdue/clock';
import type { Sql } from '@overdue/database';
import { findKind } from '../kinds.ts';
import { channelSummary } from '../summary.ts';
import { latenessAt, pingsKnownAt } from './awaited.ts';
import type { ExplainedChannel, ExplainedFlip, ExplainedMessage, Explanation } from './explanation.ts';
import { explanationSentences, inUtc, type WriteInstant } from './sentences.ts';

type CheckRow = CheckState & { readonly created_at: Instant };
type FlipRow = ExplainedFlip & { readonly id: number };

/**
 * Why a check did, or did not, alert at `at`; of a moment after `now`, which is `at` by default: whether it will, if
 * nothing comes.
 * @param write how the sentences write instants
 * @returns null when there is no such check
 */
export async function explain(
  sql: Sql,
  checkId: number,
  at: Instant,
  { now = at, write = inUtc }: { readonly now?: Instant; readonly write?: WriteInstant } = {},
): Promise<Explanation | null> {
  const [check] = await sql<CheckRow[]>`
    select kind, timeout, grace, schedule, tz, status, manual_resume, n_pings, last_ping, last_start, last_start_rid,
           last_duration_ms, alert_after, created_at
    from checks where id = ${checkId}`;
  if (!check) return null;
  const [flip, nextFlip, known] = await Promise.all([
    flipNear(sql, checkId, at, 'before'),
    flipNear(sql, checkId, at, 'after'),
    pingsKnownAt(sql, checkId, check, at),
  ]);
  const status =
    at < check.created_at ? null : ((flip?.newStatus ?? nextFlip?.oldStatus ?? check.status) as CheckState['status']);
  const since = Math.min(known.last_ping ?? at, known.last_start ?? at);
  const gaps = await sql<{ from: Instant; until: Instant | null }[]>`
    select from_at as "from", until_at as until from gaps
    where from_at <= ${at} and (until_at is null or (until_at > ${since} and until_at > from_at)) order by from_at`;

  let lateness: LatenessFacts | null = null;
  let brokenSchedule: string | null = null;
  if (status !== null) {
    try {
      lateness = latenessAt(at, check, known, flip, nextFlip, gaps);
    } catch (error) {
      if (!(error instanceof BrokenScheduleError)) throw error;
      brokenSchedule = error.message;
    }
  }
  const messages = flip ? await messagesOf(sql, flip.id) : [];
  const facts = {
    at,
    status,
    lateness,
    brokenSchedule,
    flip: flip && withoutId(flip),
    nextFlip: nextFlip && withoutId(nextFlip),
    gaps,
    messages,
    notOwed: flip ? await notOwed(sql, checkId, flip, messages) : [],
  };
  return { ...facts, sentences: explanationSentences(facts, now, write) };
}

async function flipNear(sql: Sql, checkId: number, at: Instant, side: 'before' | 'after'): Promise<FlipRow | null> {
  const [row] = await sql<FlipRow[]>`
    select id, created_at as at, old_status as "oldStatus", new_status as "newStatus", reason,
           recorded_at as "recordedAt", decision
    from flips where check_id = ${checkId}
      and ${side === 'before' ? sql`created_at <= ${at}` : sql`created_at > ${at}`}
    order by ${side === 'before' ? sql`created_at desc, id desc` : sql`created_at, id`} limit 1`;
  return row ?? null;
}

function withoutId({ id: _, ...flip }: FlipRow): ExplainedFlip {
  return flip;
}

interface ChannelRow {
  readonly channelId: number;
  readonly channelCode: string;
  readonly kind: string;
  readonly name: string;
  readonly value: unknown;
}

async function messagesOf(sql: Sql, flipId: number): Promise<(ExplainedMessage & { channelId: number })[]> {
  const rows = await sql<
    (ChannelRow & {
      code: string;
      state: ExplainedMessage['state'];
      error: string;
      log: ExplainedMessage['attempts'];
      nextAttemptAt: Instant | null;
    })[]
  >`
    select n.code, n.state, n.error, n.log, n.next_attempt_at as "nextAttemptAt", c.id as "channelId",
           c.code as "channelCode", c.kind, c.name, c.value
    from notifications n join channels c on c.id = n.channel_id where n.flip_id = ${flipId} order by n.id`;
  return rows.map((row) => ({
    channelId: row.channelId,
    channel: explainedChannel(row),
    code: row.code,
    state: row.state,
    error: row.error,
    attempts: row.log.map(({ at, ms, answer }) => ({ at, ms, answer })),
    nextAttemptAt: row.state === 'owed' ? row.nextAttemptAt : null,
  }));
}

async function notOwed(
  sql: Sql,
  checkId: number,
  flip: ExplainedFlip,
  messages: readonly { channelId: number }[],
): Promise<Explanation['notOwed']> {
  const rows = await sql<(ChannelRow & { disabled: boolean; wants: boolean; createdAt: Instant })[]>`
    select c.id as "channelId", c.code as "channelCode", c.kind, c.name, c.value, c.disabled, c.created_at as "createdAt",
           case ${flip.newStatus} when 'down' then c.notify_down else c.notify_up end as wants
    from channel_checks cc join channels c on c.id = cc.channel_id
    where cc.check_id = ${checkId} and c.id <> all(${messages.map((m) => m.channelId)}::bigint[]) order by c.id`;
  return rows.map((row) => ({ channel: explainedChannel(row), why: whyNot(row, flip) }));
}

function whyNot(row: { disabled: boolean; wants: boolean; createdAt: Instant }, flip: ExplainedFlip): string {
  if (flip.newStatus !== 'down' && flip.newStatus !== 'up') return `nobody is told of ${flip.newStatus}`;
  if (flip.newStatus === 'up' && flip.oldStatus !== 'down') return `nobody is told of ${flip.oldStatus} to up`;
  if (row.createdAt > flip.recordedAt) return 'it was added later';
  if (row.disabled) return 'it is switched off';
  if (!row.wants) return `it does not want to hear of ${flip.newStatus}`;
  return flip.reason === '' && flip.newStatus === 'down'
    ? 'the change came from an edit, of which nobody is told'
    : 'it was not assigned to the check then, or switched off';
}

function explainedChannel(row: ChannelRow): ExplainedChannel {
  return {
    code: row.channelCode,
    kind: row.kind,
    title: row.name || channelSummary(row.kind, row.value) || (findKind(row.kind)?.label ?? row.kind),
  };
}
