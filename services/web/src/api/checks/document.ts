import { displayStatus, displayStatusV1, isStarted, nextPing, uniqueKey } from '@overdue/checks';
import type { Instant } from '@overdue/clock';
import type { Config } from '@overdue/config';
import type { CheckWithChannels } from '@overdue/operations';
import { z } from 'zod';
import type { ApiVersion } from '../http/endpoint.ts';
import { printString } from '../http/json-print.ts';
import { timestamp } from '../http/timestamps.ts';

/** What decides which fields a check is shown with, and how. */
export interface DocumentOptions {
  readonly config: Pick<Config, 'SITE_ROOT' | 'PING_ENDPOINT'>;
  readonly version: ApiVersion;
  readonly readOnly: boolean;
  readonly now: Instant;
}

/** The columns that are shown, or that what is shown is computed from. */
export type ShownCheck = Omit<
  CheckWithChannels,
  'id' | 'project_id' | 'created_at' | 'last_start_rid' | 'has_confirmation_link' | 'wake_at' | 'rules_version'
>;

const instant = z.string().meta({ format: 'date-time', examples: ['2026-11-21T06:10:15+00:00'] });

/** management-api.md §4. */
export const checkDocumentSchema = z
  .strictObject({
    name: z.string(),
    slug: z.string(),
    tags: z.string().describe('Tags, separated by spaces.'),
    desc: z.string(),
    grace: z.int().describe('Grace time in seconds.'),
    n_pings: z.int(),
    status: z.enum(['new', 'up', 'grace', 'down', 'paused', 'started']).describe('`started` only in v1.'),
    started: z.boolean().describe('A run is in progress.'),
    last_ping: instant.nullable(),
    next_ping: instant.nullable(),
    manual_resume: z.boolean(),
    methods: z.enum(['', 'POST']),
    subject: z.string().meta({ deprecated: true }),
    subject_fail: z.string().meta({ deprecated: true }),
    start_kw: z.string(),
    success_kw: z.string(),
    failure_kw: z.string(),
    filter_subject: z.boolean(),
    filter_body: z.boolean(),
    filter_http_body: z.boolean(),
    filter_default_fail: z.boolean(),
    badge_url: z.string().meta({ format: 'uri' }),
    last_duration: z.int().optional().describe('Seconds; absent when there is none.'),
    unique_key: z.string().optional().describe('Read-only keys only.'),
    uuid: z.string().optional().meta({ format: 'uuid' }).describe('Read-write keys only, as all that follows.'),
    ping_url: z.string().optional().meta({ format: 'uri' }),
    update_url: z.string().optional().meta({ format: 'uri' }),
    pause_url: z.string().optional().meta({ format: 'uri' }),
    resume_url: z.string().optional().meta({ format: 'uri' }),
    channels: z.string().optional().describe('UUIDs of the assigned integrations, separated by commas.'),
    timeout: z.int().optional().describe('Period in seconds; checks without schedule only.'),
    schedule: z.string().optional().describe('Cron or OnCalendar expression; checks with schedule only.'),
    tz: z.string().optional().describe('Time zone; checks with schedule only.'),
  })
  .meta({ id: 'Check' });

/**
 * Makes the function that prints checks as the API shows them (§4, M-22…M-24), as JSON text. Written out member by
 * member: lists have a thousand of them, and most of their time would go into making objects and walking them.
 */
export function checkPrinter({ config, version, readOnly, now }: DocumentOptions): (check: ShownCheck) => string {
  const badgeUrl = unquoted(`${config.SITE_ROOT}/b/2/`);
  const pingUrl = unquoted(config.PING_ENDPOINT);
  const updateUrl = unquoted(`${config.SITE_ROOT}/api/v${version}/checks/`);

  return (check) => {
    const { code } = check;
    const status = version === 1 ? displayStatusV1(check, now) : displayStatus(check, now);
    const duration = check.last_duration_ms;
    const schedule =
      check.kind === 'simple'
        ? `"timeout": ${check.timeout}`
        : `"schedule": ${printString(check.schedule)}, "tz": ${printString(check.tz)}`;
    const identity = readOnly
      ? `"unique_key": "${uniqueKey(code)}"`
      : `"uuid": "${code}", "ping_url": "${pingUrl}${code}", "update_url": "${updateUrl}${code}", ` +
        `"pause_url": "${updateUrl}${code}/pause", "resume_url": "${updateUrl}${code}/resume", ` +
        `"channels": "${check.channels}"`;
    return (
      `{"name": ${printString(check.name)}, "slug": ${printString(check.slug)}, "tags": ${printString(check.tags)}, ` +
      `"desc": ${printString(check.desc)}, "grace": ${check.grace}, "n_pings": ${check.n_pings}, ` +
      `"status": "${status}", "started": ${isStarted(check)}, ` +
      `"last_ping": ${printInstant(check.last_ping)}, "next_ping": ${printInstant(nextPing(check))}, ` +
      `"manual_resume": ${check.manual_resume}, "methods": "${check.methods}", ` +
      `"subject": ${check.filter_subject ? printString(check.success_kw) : '""'}, ` +
      `"subject_fail": ${check.filter_subject ? printString(check.failure_kw) : '""'}, ` +
      `"start_kw": ${printString(check.start_kw)}, "success_kw": ${printString(check.success_kw)}, ` +
      `"failure_kw": ${printString(check.failure_kw)}, "filter_subject": ${check.filter_subject}, ` +
      `"filter_body": ${check.filter_body}, "filter_http_body": ${check.filter_http_body}, ` +
      `"filter_default_fail": ${check.filter_default_fail}, "badge_url": "${badgeUrl}${check.badge_key}.svg", ` +
      `${duration ? `"last_duration": ${Math.trunc(duration / 1000)}, ` : ''}${identity}, ${schedule}}`
    );
  };
}

/** The start of a JSON string, to be gone on with by plain ASCII. */
function unquoted(text: string): string {
  return printString(text).slice(1, -1);
}

function printInstant(instant: Instant | null): string {
  return instant === null ? 'null' : `"${timestamp(instant)}"`;
}
