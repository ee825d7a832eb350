import { randomUUID } from 'node:crypto';
import { storableText } from '@overdue/database';
import { type DeliveryDeps, send } from './deliver.ts';
import { findKind } from './kinds.ts';
import type { ChannelFacts, Facts } from './message/facts.ts';
import { loadProjects } from './message/load.ts';

/** `no-op`: the channel wants neither up nor down. `gone`: there is no such channel. */
export type TestResult = { readonly ok: true } | { readonly ok: false; readonly error: string };

const DAY = 86_400_000;
const LONGEST_TEXT = 200;

/**
 * Sends a test message over a channel and waits for the answer (notifications.md §5): about a made-up check TEST that
 * went down, or came up when the channel does not want to hear of down. One attempt; recorded like any other, so a
 * success clears the channel's last error and a permanent failure switches it off and is told to the owner. Works on
 * switched-off channels.
 */
export async function sendTest(deps: DeliveryDeps, channelId: number): Promise<TestResult> {
  const { sql, clock } = deps;
  const [channel] = await sql<(ChannelFacts & { projectId: number })[]>`
    select id, code, kind, name, value, email_verified as "emailVerified", disabled, project_id as "projectId"
    from channels where id = ${channelId}`;
  const project = channel && (await loadProjects(sql, [channel.projectId])).get(channel.projectId);
  if (!channel || !project) return { ok: false, error: 'Channel or check does not exist any more' };
  const kind = findKind(channel.kind);
  const value = kind?.schema.safeParse(channel.value);
  if (!kind || !value?.success) return { ok: false, error: "The integration's settings cannot be read" };
  const wants = kind.wants(value.data);
  if (!wants.down && !wants.up) return { ok: false, error: 'no-op' };
  const status = wants.down ? 'down' : 'up';

  await sql`delete from notifications where channel_id = ${channelId} and check_id is null`;
  const [row] = await sql<{ id: number; code: string }[]>`
    insert into notifications (channel_id, check_status, error) values (${channelId}, ${status}, 'Sending')
    returning id, code`;
  const startedAt = clock.now();
  const began = clock.monotonic();
  const now = startedAt;
  const facts: Facts = {
    deliveryId: row!.code,
    test: true,
    channel,
    project,
    check: testCheck(now),
    flip: { at: now, oldStatus: status === 'down' ? 'up' : 'down', newStatus: status, reason: 'timeout' },
    downSince: null,
    lastPing: null,
  };
  const result = await send(facts, deps);
  const error = 'error' in result ? storableText(result.error, LONGEST_TEXT) : '';
  const answer = 'answer' in result ? storableText(result.answer, LONGEST_TEXT) : error;
  const switchOff = result.result === 'failed' && result.disable;
  const duration = Math.round(clock.monotonic() - began);
  const entry = { at: startedAt, ms: duration, answer };
  await sql.begin(async (tx) => {
    await tx`
      update notifications
      set state = ${error ? 'failed' : 'sent'}, error = ${error}, attempts = 1, finished_at = now(),
          log = ${[entry] as never}::jsonb
      where id = ${row!.id}`;
    await tx`
      update channels
      set last_notify = ${startedAt}, last_notify_duration_ms = ${duration}, last_error = ${error},
          tell_owner_at = case when ${switchOff} and not disabled then now() else tell_owner_at end,
          disabled = disabled or ${switchOff}
      where id = ${channelId}`;
  });
  return error ? { ok: false, error } : { ok: true };
}

/** The check that test messages are about; it is not stored. */
function testCheck(now: number): Facts['check'] {
  return {
    id: null,
    code: randomUUID(),
    name: 'TEST',
    slug: '',
    tags: '',
    desc: '',
    badge_key: randomUUID(),
    kind: 'simple',
    timeout: 86_400,
    grace: 3600,
    schedule: '* * * * *',
    tz: 'UTC',
    methods: '',
    manual_resume: false,
    filter_subject: false,
    filter_body: false,
    filter_http_body: false,
    filter_default_fail: false,
    start_kw: '',
    success_kw: '',
    failure_kw: '',
    created_at: now,
    status: 'down',
    n_pings: 42,
    last_ping: now - DAY,
    last_start: null,
    last_start_rid: null,
    last_duration_ms: null,
    alert_after: null,
  };
}
