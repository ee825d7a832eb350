import { displayStatus, nextPing } from '@overdue/checks';
import type { Instant } from '@overdue/clock';
import type { NotificationOptions } from '../options.ts';
import type { CheckFacts } from './facts.ts';
import { isoSeconds } from './words.ts';

/**
 * The check as API v3 shows it to a read-write key (management-api.md section 4), which webhooks may send as `$JSON`.
 * @param channels UUIDs of its channels, sorted
 */
export function checkDocument(
  check: CheckFacts,
  channels: readonly string[],
  now: Instant,
  options: Pick<NotificationOptions, 'siteRoot' | 'pingEndpoint'>,
): Record<string, unknown> {
  const url = `${options.siteRoot}/api/v3/checks/${check.code}`;
  const next = nextPing(check);
  const duration = Math.floor((check.last_duration_ms ?? 0) / 1000);
  return {
    name: check.name,
    slug: check.slug,
    tags: check.tags,
    desc: check.desc,
    grace: check.grace,
    n_pings: check.n_pings,
    status: displayStatus(check, now),
    started: check.last_start !== null,
    last_ping: check.last_ping === null ? null : isoSeconds(check.last_ping),
    next_ping: next === null ? null : isoSeconds(next),
    manual_resume: check.manual_resume,
    methods: check.methods,
    subject: check.filter_subject ? check.success_kw : '',
    subject_fail: check.filter_subject ? check.failure_kw : '',
    start_kw: check.start_kw,
    success_kw: check.success_kw,
    failure_kw: check.failure_kw,
    filter_subject: check.filter_subject,
    filter_body: check.filter_body,
    filter_http_body: check.filter_http_body,
    filter_default_fail: check.filter_default_fail,
    badge_url: `${options.siteRoot}/b/2/${check.badge_key}.svg`,
    ...(check.last_duration_ms ? { last_duration: duration } : {}),
    uuid: check.code,
    ping_url: options.pingEndpoint + check.code,
    update_url: url,
    pause_url: `${url}/pause`,
    resume_url: `${url}/resume`,
    channels: channels.join(','),
    ...(check.kind === 'simple' ? { timeout: check.timeout } : { schedule: check.schedule, tz: check.tz }),
  };
}
