/**
 * What may be written into a check, and in which words it is refused: one definition for the API, the UI and config as
 * code. The rules and the texts are management-api.md §7.3 and §7.5; the order of the members is the order in which
 * errors are reported.
 */
import { MAX_SLUG } from '@overdue/checks';
import { canonicalZone, guessScheduleKind, validateSchedule } from '@overdue/schedules';
import { z } from 'zod';

/** Seconds: the shortest and longest period and grace time. */
export const MIN_SECONDS = 60;
export const MAX_SECONDS = 31_536_000;
export const MAX_NAME = 100;
export const MAX_SCHEDULE = 100;
export const MAX_KEYWORD = 200;
export const MAX_TAGS = 500;

/** Length in Unicode code points (M-35), which is also what PostgreSQL and JSON Schema count. */
export function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** Text that PostgreSQL can hold: no NUL and no unpaired surrogates (M-37). */
export function isStorable(text: string): boolean {
  return !/[\0\p{Surrogate}]/u.test(text);
}

function text(field: string, max?: number) {
  const schema = z.string({ error: `${field} is not a string` }).refine(isStorable, {
    error: `${field} is not a string`,
    abort: true,
  });
  if (max === undefined) return schema;
  return schema
    .refine((value) => codePoints(value) <= max, { error: `${field} is too long`, abort: true })
    .meta({ maxLength: max });
}

const flag = (field: string) => z.boolean({ error: `${field} is not a boolean` });

const seconds = (field: string) =>
  z
    .int({ error: `${field} is not a number` })
    .min(MIN_SECONDS, { error: `${field} is too small` })
    .max(MAX_SECONDS, { error: `${field} is too large` });

/** Whether `expr` is a schedule that the product takes, of the kind it is guessed to be (M-41, M-42). */
export function isSchedule(expr: string): boolean {
  return validateSchedule(guessScheduleKind(expr), expr).ok;
}

const fields = {
  channels: text('channels').describe(
    'Integrations to assign: empty for none, `*` for all of the project, or UUIDs and names separated by commas.',
  ),
  desc: text('desc').describe('Description.'),
  failure_kw: text('failure_kw', MAX_KEYWORD).describe('Comma-separated words that make a ping a failure.'),
  filter_subject: flag('filter_subject').describe('Look for the keywords in the subject of e-mail pings.'),
  filter_body: flag('filter_body').describe('Look for the keywords in the body of e-mail pings.'),
  filter_http_body: flag('filter_http_body').describe('Look for the keywords in the body of HTTP pings.'),
  filter_default_fail: flag('filter_default_fail').describe('A ping in which no keyword is found is a failure.'),
  grace: seconds('grace').describe('Grace time in seconds.'),
  manual_resume: flag('manual_resume').describe('A paused check ignores pings until it is resumed.'),
  methods: z
    .enum(['', 'POST'], { error: 'methods has unexpected value' })
    .describe('`POST`: only POST requests are pings. Empty: HEAD, GET and POST are.'),
  name: text('name', MAX_NAME).describe('Name.'),
  schedule: text('schedule', MAX_SCHEDULE)
    .refine(isSchedule, { error: 'schedule is not a valid cron or OnCalendar expression' })
    .describe('Cron or OnCalendar expression. Makes the check one with a schedule; `timeout` is then ignored.'),
  slug: text('slug', MAX_SLUG)
    .refine((value) => /^[a-z0-9_-]*$/.test(value), { error: 'slug does not match pattern' })
    .meta({ maxLength: MAX_SLUG, pattern: '^[a-z0-9_-]*$' })
    .describe('Name of the check in ping URLs.'),
  start_kw: text('start_kw', MAX_KEYWORD).describe('Comma-separated words that make a ping a start.'),
  subject: text('subject', MAX_KEYWORD).meta({ deprecated: true }).describe('Deprecated: `success_kw`.'),
  subject_fail: text('subject_fail', MAX_KEYWORD).meta({ deprecated: true }).describe('Deprecated: `failure_kw`.'),
  success_kw: text('success_kw', MAX_KEYWORD).describe('Comma-separated words that make a ping a success.'),
  tags: text('tags', MAX_TAGS).describe('Tags, separated by spaces.'),
  timeout: seconds('timeout').describe('Period in seconds.'),
  tz: text('tz')
    .refine((value) => canonicalZone(value) !== null, { error: 'tz is not a valid timezone' })
    .describe('IANA time zone in which the schedule is read.'),
  unique: z
    .array(
      z.enum(['name', 'slug', 'tags', 'timeout', 'grace'], {
        error: "an item in 'unique' has unexpected value",
      }),
      { error: 'unique is not an array' },
    )
    .describe('Fields by which an existing check is found and updated instead of a new one made.'),
};

/** Members of a create or update request, all optional; unknown ones are dropped. */
export const checkRequestSchema = z
  .object(fields, { error: 'value is not an object' })
  .partial()
  .meta({ id: 'CheckRequest' });

export type CheckRequest = z.output<typeof checkRequestSchema>;

/** The schemas one by one, for forms that validate a field at a time. */
export const checkFields = fields;

/**
 * Checks a request. The first error in the order of the fields is the one reported.
 * @returns the request without unknown members, or the API's error text (`name is too long`) and the field it is about
 */
export function parseCheckRequest(
  value: unknown,
): { readonly ok: true; readonly request: CheckRequest } | { readonly ok: false; field: string; message: string } {
  const result = checkRequestSchema.safeParse(value);
  if (result.success) return { ok: true, request: result.data };
  const issue = result.error.issues[0]!;
  return { ok: false, field: String(issue.path[0] ?? ''), message: issue.message };
}
